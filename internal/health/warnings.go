package health

import (
	"fmt"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// expiryNotice is how long before the credential's end a warning comes.
	expiryNotice = 14 * 24 * time.Hour
	// lossMemory is how long a loss is a warning. GetCoverage knows it for ever.
	lossMemory = 90 * 24 * time.Hour
	// mostOfFeeds bounds the warnings that feeds have of their own.
	mostOfFeeds = 10
)

// warnings are the troubles of a source that do not stop its collection, one
// sentence each.
func warnings(rec audit.SourceRecord, seen view, now time.Time) []string {
	var out []string
	if seen.trouble != nil {
		out = append(out, seen.trouble.Message)
	}
	for _, warning := range []string{expiring(rec, now), unreadable(seen), stretched(rec, seen), lost(seen, now)} {
		if warning != "" {
			out = append(out, warning)
		}
	}
	return append(out, ofFeeds(seen)...)
}

// expiring tells of a credential that ends soon, or has ended.
func expiring(rec audit.SourceRecord, now time.Time) string {
	end := audit.Instant(rec.Credential.GetExpireTime())
	left := end.Sub(now)
	const remedy = ": give the source new ones with UpdateSource"
	switch {
	case end.IsZero() || left > expiryNotice:
		return ""
	case left <= 0:
		return "the credentials expired at " + end.Format(time.RFC3339) + remedy
	}
	return fmt.Sprintf("the credentials expire at %s, in %s", end.Format(time.RFC3339), roughly(left)) + remedy
}

// roughly is a duration in days, or in hours where it has less than two.
func roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return "less than 2 hours"
}

// unreadable tells of the feeds found in the group that may not be read.
func unreadable(seen view) string {
	var names []string
	permission := "org.audit_log.read"
	for _, e := range seen.feeds {
		if !e.refused() {
			continue
		}
		names = append(names, e.Feed.String())
		if e.Feed.Scope == audit.ScopeGroup {
			permission = "group.audit.read"
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("a feed found in the group cannot be read: %s; the credentials need the permission %s there", names[0], permission)
	}
	return fmt.Sprintf("%d feeds found in the group cannot be read: %s; the credentials need the permission %s there",
		len(names), list(names), permission)
}

// stretched tells that polls are further apart than was asked for.
func stretched(rec audit.SourceRecord, seen view) string {
	asked, longest := rec.PollInterval(), time.Duration(0)
	for _, e := range seen.feeds {
		longest = max(longest, e.Interval)
	}
	if longest.Round(time.Second) <= asked || rec.Source.GetPaused() {
		return ""
	}
	return fmt.Sprintf("polls are %s apart instead of %s: the feeds of this credential need more than its share of Snyk's limits; "+
		"raise poll_interval or --snyk-budget, or spread the feeds over credentials", longest.Round(time.Second), asked)
}

// lost names the span of what Snyk dropped lately before it was read. What Snyk
// drops is as old as its retention.
func lost(seen view, now time.Time) string {
	old := now.Add(-audit.SnykRetention - lossMemory)
	var names []string
	var span audit.Interval
	for _, e := range seen.feeds {
		concerned := false
		for _, iv := range e.State.Lost {
			if !iv.End.After(old) {
				continue
			}
			if span.Empty() {
				span = iv
			}
			concerned = true
			span = audit.Interval{Start: audit.Earlier(span.Start, iv.Start), End: audit.Later(span.End, iv.End)}
		}
		if concerned {
			names = append(names, e.Feed.String())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("Snyk dropped records of %s from between %s and %s before they were read: GetCoverage has the gaps",
		list(names), span.Start.UTC().Format(time.RFC3339), span.End.UTC().Format(time.RFC3339))
}

// ofFeeds are the warnings that the feeds have themselves, each once.
func ofFeeds(seen view) []string {
	var out []string
	more, have := 0, map[string]bool{}
	for _, e := range seen.feeds {
		for _, warning := range e.Warnings {
			switch {
			case have[warning]:
			case len(out) == mostOfFeeds:
				more++
			default:
				out = append(out, warning)
			}
			have[warning] = true
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("%d more warnings of feeds like these", more))
	}
	return out
}
