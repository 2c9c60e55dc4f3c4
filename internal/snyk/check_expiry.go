package snyk

import (
	"fmt"
	"time"
)

// expirySoon is how long before its end a credential is worth a warning.
const expirySoon = 14 * 24 * time.Hour

// expiry judges the end that the token tells of itself, by Snyk's clock where it
// is known: it is Snyk who will refuse it.
func (k *check) expiry() {
	end := k.client.cred.Claims().Expires
	if end.IsZero() {
		return
	}
	when := end.UTC().Format("2006-01-02 15:04") + " UTC"
	const renew = "make a new one at Snyk and give it to the source with UpdateSource, or to CreateSource"
	switch left := end.Sub(k.clockNow()); {
	case left <= 0:
		k.report.fail(kindExpiry, advice{"the token ended on " + when, renew}, nil)
	case left <= expirySoon:
		k.report.warn(kindExpiry, advice{"the token ends on " + when + ", " + within(left), "before then, " + renew}, nil)
	default:
		k.report.pass(kindExpiry, "the token ends on "+when, nil)
	}
}

// within says how soon something is.
func within(left time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case left >= 2*day:
		return fmt.Sprintf("in %d days", left/day)
	case left >= 2*time.Hour:
		return fmt.Sprintf("in %d hours", left/time.Hour)
	}
	return "in less than two hours"
}
