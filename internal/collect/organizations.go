package collect

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// oftenest and seldomest bound the time between two looks at the list of a
	// group's organizations.
	oftenest  = 15 * time.Second
	seldomest = 2 * time.Minute
	// hintPause is the least time between two looks when events hint at a change.
	hintPause = 5 * time.Second
	// absences is in how many lists in a row an organization must be missing before
	// it is no longer read.
	absences = 2
)

// unlisted stands in the family for the organizations that are not known yet.
const unlisted = ""

// errGroupFound says that the source's group was found, and with it a feed to read.
var errGroupFound = errors.New("the source's group was found")

// seeks says that there are feeds that must be found.
func (c *crew) seeks() bool {
	return c.source.AllOrganizations() || c.source.ReadsGroup() && c.source.GroupID() == ""
}

// follow keeps the feeds in line with the group: it finds the group where only an
// organization is named, and the group's organizations where all of them are
// read. Organizations that leave the list are no longer read; what was read of
// them stays. It ends with ctx, or with errGroupFound.
func (c *crew) follow(ctx context.Context, team *errgroup.Group) error {
	s := search{crew: c, team: team, missed: map[audit.Feed]int{}}
	for ctx.Err() == nil {
		next := time.Now().Add(min(max(2*c.source.PollInterval(), oftenest), seldomest))
		orgs, err := s.look(ctx)
		switch {
		case ctx.Err() != nil, errors.Is(err, errGroupFound):
			return err
		case err != nil:
			next = s.failed(ctx, err)
		default:
			s.align(ctx, orgs)
		}
		c.await(ctx, next)
	}
	return ctx.Err()
}

// search is the search for a group's organizations.
type search struct {
	*crew
	team *errgroup.Group
	// listed says that the list was seen; missed counts the lists in a row in which
	// an organization is missing.
	listed bool
	missed map[audit.Feed]int
}

// await waits until next, or until a hint comes.
func (c *crew) await(ctx context.Context, next time.Time) {
	pause, timer := time.NewTimer(hintPause), time.NewTimer(time.Until(next))
	defer pause.Stop()
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
		return
	case <-pause.C:
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-c.hints:
	}
}

// look lists the group's organizations, or finds the group first.
func (s *search) look(ctx context.Context) ([]audit.Organization, error) {
	if group := s.source.GroupID(); group != "" {
		orgs, err := s.snyk.Organizations(ctx, group)
		if err == nil && len(orgs) == 0 {
			// A group without any is rarer than a role that was lost.
			err = &audit.SnykError{Class: audit.SnykForbidden, Detail: "it shows these credentials no organization of the group"}
		}
		return orgs, err
	}
	org, err := s.snyk.Organization(ctx, s.source.Source.GetSnyk().GetOrganizationId())
	if err != nil {
		return nil, err
	}
	if org.GroupID == "" {
		return nil, &audit.SnykError{Class: audit.SnykNotFound, Detail: "the organization has no group"}
	}
	s.groupFound = strings.ToLower(org.GroupID)
	return nil, errGroupFound
}

// failed says when to look again. Until the list is seen, the organizations of
// before are read.
func (s *search) failed(ctx context.Context, err error) time.Time {
	s.log.WarnContext(ctx, "the group's organizations could not be listed", slog.Any("error", err))
	wait := s.listing.failed(err)
	trouble := *s.listing.trouble
	trouble.Message = "the group's organizations cannot be listed: " + trouble.Message
	if s.listed {
		s.showRoster(&trouble)
	} else {
		var before []audit.Feed
		if s.source.AllOrganizations() {
			before = s.organizations()
		}
		s.take(ctx, before, &trouble)
		s.family.note(unlisted, stuck(s.source.Lanes(), s.listing.mark()))
	}
	return time.Now().Add(wait)
}

// stuck is the standing of what cannot be read at all.
func stuck(lanes []audit.LaneKind, at mark) standing {
	out := standing{}
	for _, kind := range lanes {
		out[kind] = reach{tail: at, history: at}
	}
	return out
}

// align takes on the organizations that are new in the list, and dismisses those
// that are gone from it.
func (s *search) align(ctx context.Context, orgs []audit.Organization) {
	s.listing.succeeded()
	s.listed = true
	listed := make([]audit.Feed, 0, len(orgs))
	for _, org := range orgs {
		id := audit.Feed{Scope: audit.ScopeOrg, ID: strings.ToLower(org.ID)}
		listed = append(listed, id)
		delete(s.missed, id)
	}
	s.dismissMissing(ctx, listed)
	s.take(ctx, listed, nil)
	s.family.leave(unlisted)
}

// dismissMissing takes from their work those who are missing for good.
func (s *search) dismissMissing(ctx context.Context, listed []audit.Feed) {
	there := map[audit.Feed]bool{}
	for _, id := range listed {
		there[id] = true
	}
	for id, p := range s.posts {
		if !p.found || there[id] {
			continue
		}
		s.missed[id]++
		if s.missed[id] >= absences {
			s.log.InfoContext(ctx, "an organization left the group and is no longer read", slog.String("feed", id.String()))
			s.dismiss(p)
			delete(s.missed, id)
		}
	}
}

// take puts organizations to be read that are not, and shows who is.
func (s *search) take(ctx context.Context, ids []audit.Feed, trouble *audit.Trouble) {
	var hired []*post
	for _, id := range ids {
		if s.posts[id] != nil {
			continue
		}
		p := s.hire(id, true)
		s.introduce(p)
		hired = append(hired, p)
		s.log.DebugContext(ctx, "an organization of the group is read", slog.String("feed", id.String()))
	}
	if len(hired) > 0 {
		s.log.InfoContext(ctx, "organizations of the group are read", slog.Int("more", len(hired)), slog.Int("feeds", len(s.posts)))
	}
	s.showRoster(trouble) // before they report
	for _, p := range hired {
		s.start(ctx, s.team, p, time.Now())
	}
}
