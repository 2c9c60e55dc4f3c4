package collect

import (
	"context"
	"log/slog"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	// groupPatience bounds the question for an organization's group: events do
	// not wait for it.
	groupPatience = 5 * time.Second
	// groupEvery is how often it is asked again.
	groupEvery = time.Hour
)

// groupSearch remembers how the question for the organization's group went.
type groupSearch struct {
	again   time.Time
	failure error
}

func (g *groupSearch) warnings() []string {
	if g.failure == nil {
		return nil
	}
	return []string{"the organization's group could not be found, so events lack group_id; " +
		"let the credentials read the organization, or set snyk.group_id, with snyk.log_types [LOG_TYPE_SNYK_ORG_AUDIT] " +
		"where only the organization's log is meant: " + g.failure.Error()}
}

// groupID is the organization's group, empty where it is not known.
func (f *feed) groupID() string {
	if id := f.source.GroupID(); id != "" {
		return id
	}
	return f.state.GroupID
}

// findGroup asks Snyk for the organization's group where nobody knows it. It is
// a convenience: a failure is a warning.
func (f *feed) findGroup(ctx context.Context) {
	if f.id.Scope != audit.ScopeOrg || f.groupID() != "" || time.Now().Before(f.group.again) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, groupPatience)
	defer cancel()
	f.group.again = time.Now().Add(groupEvery)
	org, err := f.snyk.Organization(ctx, f.id.ID)
	if f.group.failure = err; err != nil {
		f.log.WarnContext(ctx, "the organization's group could not be found", slog.Any("error", err))
		return
	}
	f.state.GroupID, f.dirty = org.GroupID, true
}
