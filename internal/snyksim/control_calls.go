package snyksim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// recordSpec is a Record as the control surface reads it.
type recordSpec struct {
	Created      time.Time       `json:"created"`
	WholeSeconds bool            `json:"whole_seconds"`
	Event        string          `json:"event"`
	UserID       string          `json:"user_id"`
	ProjectID    string          `json:"project_id"`
	Content      json.RawMessage `json:"content"`
	Raw          string          `json:"raw"`
	VisibleAt    time.Time       `json:"visible_at"`
	InGroup      bool            `json:"in_group"`
	WithoutOrg   bool            `json:"without_org"`
}

func (s *Sim) controlAppend(r *http.Request) (any, error) {
	var in struct {
		ScopeID string       `json:"scope_id"`
		OrgID   string       `json:"org_id"`
		GroupID string       `json:"group_id"`
		Records []recordSpec `json:"records"`
		Burst   int          `json:"burst"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	id, err := s.scope(in.ScopeID, in.OrgID, in.GroupID)
	if err != nil {
		return nil, err
	}
	recs := make([]Record, len(in.Records))
	for i, spec := range in.Records {
		if spec.Event == "" && spec.Raw == "" {
			return nil, badCallf("record %d has neither event nor raw", i)
		}
		recs[i] = Record{
			Created: spec.Created, WholeSeconds: spec.WholeSeconds, Event: spec.Event, UserID: spec.UserID,
			ProjectID: spec.ProjectID, Content: string(spec.Content), Raw: spec.Raw, VisibleAt: spec.VisibleAt,
		}
		switch {
		case spec.WithoutOrg:
			recs[i].Group = InGroupWithoutOrg
		case spec.InGroup:
			recs[i].Group = InGroupWithOrg
		}
	}
	ids := s.Append(id, recs...)
	if in.Burst > 0 {
		ids = append(ids, s.Burst(id, min(in.Burst, 100_000))...)
	}
	return map[string]any{"ids": ids}, nil
}

func (s *Sim) controlPutOrg(r *http.Request) (any, error) {
	var in struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		GroupID  string `json:"group_id"`
		FreePlan bool   `json:"free_plan"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.ID != "" && !uuidForm.MatchString(in.ID) {
		return nil, badCallf("id %q is no UUID", in.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.world.group(strings.ToLower(in.GroupID)); in.GroupID != "" && !known {
		return nil, badCallf("no group %q", in.GroupID)
	}
	o := s.putOrg(Org{ID: in.ID, Name: or(in.Name, "Organization"), GroupID: in.GroupID, FreePlan: in.FreePlan})
	return map[string]string{"id": o.ID, "group_id": o.GroupID, "slug": o.Slug}, nil
}

func (s *Sim) controlRemoveOrg(r *http.Request) (any, error) {
	id := strings.ToLower(r.URL.Query().Get("id"))
	s.mu.Lock()
	_, known := s.world.org(id)
	s.mu.Unlock()
	if !known {
		return nil, badCallf("no organization %q", id)
	}
	s.RemoveOrg(id)
	return map[string]bool{"removed": true}, nil
}

func (s *Sim) controlRequests(*http.Request) (any, error) {
	type seen struct {
		Time    time.Time           `json:"time"`
		Kind    Kind                `json:"kind"`
		Method  string              `json:"method"`
		Path    string              `json:"path"`
		Query   map[string][]string `json:"query"`
		Scheme  string              `json:"scheme,omitempty"`
		Token   string              `json:"token,omitempty"`
		Request string              `json:"snyk_request_id"`
		Status  int                 `json:"status"`
		Items   int                 `json:"items"`
		Faults  []string            `json:"faults,omitempty"`
	}
	out := []seen{}
	for _, q := range s.Requests() {
		out = append(out, seen{
			q.Time, q.Kind, q.Method, q.Path, q.Query, q.Scheme, q.Token, q.RequestID, q.Status, q.Items, q.Faults,
		})
	}
	return map[string]any{"requests": out, "counts": s.Counts(), "throttled": s.Throttled()}, nil
}

func (s *Sim) controlToken(r *http.Request) (any, error) {
	var in struct {
		Kind    string `json:"kind"`
		Role    string `json:"role"`
		ScopeID string `json:"scope_id"`
		TTL     string `json:"ttl"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	id, err := s.scope(in.ScopeID)
	if err != nil {
		return nil, err
	}
	kinds := map[string]TokenKind{
		"": LegacyToken, "legacy": LegacyToken, "pat": PersonalAccessToken,
		"service_account": ServiceAccountToken, "oauth": OAuthClient,
	}
	roles := map[string]func(string) Grant{
		"org_admin": OrgAdmin, "org_collaborator": OrgCollaborator, "group_admin": GroupAdmin,
		"group_viewer": GroupViewer, "none": func(id string) Grant { return Allow(id) },
	}
	kind, ok := kinds[in.Kind]
	role, ok2 := roles[in.Role]
	if !ok || !ok2 {
		return nil, callError{"kind is one of legacy, pat, service_account, oauth; role is one of org_admin, org_collaborator, group_admin, group_viewer, none"}
	}
	t := Token{Kind: kind, Grants: []Grant{role(id)}}
	if in.TTL != "" {
		d, err := time.ParseDuration(in.TTL)
		if err != nil {
			return nil, badCallf("ttl: %v", err)
		}
		t.Expires = s.Now().Add(d)
	}
	t = s.AddToken(t)
	return struct {
		Value        string    `json:"value,omitempty"`
		ClientID     string    `json:"client_id,omitempty"`
		ClientSecret string    `json:"client_secret,omitempty"`
		PrincipalID  string    `json:"principal_id"`
		Expires      time.Time `json:"expires,omitzero"`
	}{t.Value, t.ClientID, t.ClientSecret, t.PrincipalID, t.Expires}, nil
}

func (s *Sim) controlRevoke(r *http.Request) (any, error) {
	var in struct {
		Value    string `json:"value"`
		ClientID string `json:"client_id"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.Revoke(or(in.Value, in.ClientID))
	return struct{}{}, nil
}
