package snyksim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// History describes the records that Generate makes.
type History struct {
	// Records is how many; default 1000.
	Records int
	// Span is how far back they reach; default Config.History less an hour.
	Span time.Duration
	// End is the time of the latest; default now.
	End time.Time
	// Logins adds user.logged_in, which Snyk documents as not returned.
	Logins bool
}

// Generate adds realistic past records to the log of a group or organization:
// people at working hours, machines around the clock, several records in one
// instant, identical twins, whole seconds, the content shapes seen live. Where
// nobody is a member yet, people, service accounts and projects are made up.
// The same seed and the same calls make the same records.
func (s *Sim) Generate(scopeID string, h History) []RecordID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Records == 0 {
		h.Records = 1000
	}
	if h.Span == 0 {
		h.Span = s.cfg.History - time.Hour
	}
	if h.End.IsZero() {
		h.End = s.now()
	}
	g := s.newGenerator(scopeID, s.gen)
	if h.Logins {
		g.templates = append(g.templates, loginTemplate)
	}
	recs := make([]Record, 0, h.Records)
	for _, t := range g.times(h) {
		recs = append(recs, g.record(t))
	}
	// Twins and bulk actions come in runs: give some the time of the one before.
	for i := 1; i < len(recs); i++ {
		switch p := g.rng.Float64(); {
		case p < 0.01:
			recs[i] = recs[i-1]
		case p < 0.09:
			recs[i].Created, recs[i].WholeSeconds = recs[i-1].Created, recs[i-1].WholeSeconds
		}
	}
	return s.add(scopeID, false, recs)
}

// generator makes records for one log. Callers hold Sim.mu.
type generator struct {
	rng       *rand.Rand
	templates []template
	total     int // sum of the weights
	scopeID   string
	groupID   string
	isGroup   bool
	name      string
	people    []User
	machines  []ServiceAccount
	projects  []Project
}

func (s *Sim) newGenerator(scopeID string, rng *rand.Rand) *generator {
	s.mustScope(scopeID)
	s.populate(scopeID)
	g := &generator{rng: rng, scopeID: scopeID}
	if group, ok := s.world.group(scopeID); ok {
		g.isGroup, g.groupID, g.name, g.templates = true, scopeID, group.Name, slices.Clone(groupTemplates)
	} else {
		o, _ := s.world.org(scopeID)
		g.groupID, g.name, g.templates = o.GroupID, o.Name, slices.Clone(orgTemplates)
	}
	for _, m := range s.world.members {
		if m.scopeID == scopeID {
			g.people = append(g.people, s.world.users[m.userID])
		}
	}
	for _, a := range s.world.accounts {
		if a.ScopeID == scopeID {
			g.machines = append(g.machines, a)
		}
	}
	for _, p := range s.world.projects {
		if p.OrgID == scopeID {
			g.projects = append(g.projects, p)
		}
	}
	return g
}

// times are h.Records instants in order, most of them at working hours.
func (g *generator) times(h History) []time.Time {
	out := make([]time.Time, 0, h.Records)
	for len(out) < h.Records {
		t := h.End.Add(-time.Duration(g.rng.Int64N(int64(max(h.Span, time.Millisecond)))))
		if g.rng.Float64() < busy(t) {
			out = append(out, t.Truncate(time.Millisecond))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// busy is how likely people work at t, from 0 to 1.
func busy(t time.Time) float64 {
	share := 0.08 // nights: machines
	switch hour := t.UTC().Hour(); {
	case hour >= 9 && hour < 17:
		share = 1
	case hour >= 7 && hour < 20:
		share = 0.5
	}
	if day := t.UTC().Weekday(); day == time.Saturday || day == time.Sunday {
		share *= 0.15
	}
	return max(share, 0.05)
}

// record makes one record of a template chosen by weight.
func (g *generator) record(at time.Time) Record {
	if g.total == 0 {
		for _, t := range g.templates {
			g.total += t.weight
		}
	}
	pick := g.rng.IntN(g.total)
	i := 0
	for pick -= g.templates[0].weight; pick >= 0; pick -= g.templates[i].weight {
		i++
	}
	t := g.templates[i]
	r := Record{Created: at, Event: t.event, WholeSeconds: t.wholeSeconds}
	if t.event == "" {
		r.Event = g.anyEvent()
	}
	if t.project && len(g.projects) > 0 {
		r.ProjectID = oneOf(g.rng, g.projects).ID
	}
	switch t.actor {
	case person:
		r.UserID = oneOf(g.rng, g.people).ID
	case account:
		r.UserID = oneOf(g.rng, g.machines).ID
	case nobody:
	}
	if t.content != nil {
		r.Content = t.content(g)
	}
	if !g.isGroup {
		r.Group = GroupView(g.rng.IntN(3))
	} else if g.rng.IntN(10) == 0 {
		r.Bare = true
	}
	return r
}

// anyEvent is any documented or seen name that needs no content of its own.
func (g *generator) anyEvent() string {
	if g.isGroup {
		return oneOf(g.rng, without(GroupEvents(), apiAccess))
	}
	return oneOf(g.rng, append(without(OrgEvents(), apiAccess), UnlistedEvents()...))
}

func oneOf[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// castNames are the people that are made up where a log has nobody.
var castNames = strings.Fields("Ada_Okafor Bruno_Keller Chiara_Rossi Dmitri_Volkov Elif_Demir Farid_Haddad " +
	"Grace_Njoroge Hiro_Tanaka Ines_Carvalho Jonas_Berg Katya_Petrova Liam_O'Connor")

// populate makes people, service accounts and projects where there are none.
func (s *Sim) populate(scopeID string) {
	_, isGroup := s.world.group(scopeID)
	if !slices.ContainsFunc(s.world.members, func(m membership) bool { return m.scopeID == scopeID }) {
		for i, n := range castNames {
			name := strings.ReplaceAll(n, "_", " ")
			s.addUser(User{Name: name, Role: roleNames[i%len(roleNames)]}, scopeID)
		}
	}
	if !slices.ContainsFunc(s.world.accounts, func(a ServiceAccount) bool { return a.ScopeID == scopeID }) {
		for _, n := range []string{"ci-pipeline", "siem-export", "terraform"} {
			s.addServiceAccount(ServiceAccount{Name: n, ScopeID: scopeID})
		}
	}
	if !isGroup && !slices.ContainsFunc(s.world.projects, func(p Project) bool { return p.OrgID == scopeID }) {
		for n := range strings.FieldsSeq("web-shop payments identity search billing mobile-api docs infra") {
			s.addProject(Project{OrgID: scopeID, Name: "acme/" + n + ":package.json"})
		}
	}
}
