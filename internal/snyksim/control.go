package snyksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	controlPrefix  = "/_sim/"
	maxControlBody = 16 << 20
)

// callError is a mistake of the one who drives the simulator.
type callError struct{ text string }

func (e callError) Error() string { return e.text }

func badCallf(format string, args ...any) error { return callError{fmt.Sprintf(format, args...)} }

// serveControl answers the control surface: see the package's documentation.
func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	handlers := map[string]func(*http.Request) (any, error){
		"GET world":       s.controlWorld,
		"POST orgs":       s.controlPutOrg,
		"DELETE orgs":     s.controlRemoveOrg,
		"POST records":    s.controlAppend,
		"GET records":     s.controlLedger,
		"PATCH records":   s.controlRedact,
		"DELETE records":  s.controlRemove,
		"POST faults":     s.controlInject,
		"GET faults":      func(*http.Request) (any, error) { return map[string]any{"fired": s.FaultsFired()}, nil },
		"DELETE faults":   func(*http.Request) (any, error) { s.ClearFaults(); return struct{}{}, nil },
		"GET requests":    s.controlRequests,
		"DELETE requests": func(*http.Request) (any, error) { s.ResetRequests(); return struct{}{}, nil },
		"POST tokens":     s.controlToken,
		"DELETE tokens":   s.controlRevoke,
	}
	h, ok := handlers[r.Method+" "+strings.TrimPrefix(r.URL.Path, controlPrefix)]
	if !ok {
		writeControl(w, http.StatusNotFound, map[string]string{"error": "no such call: see the documentation of package snyksim"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
	out, err := h(r)
	if err != nil {
		status := http.StatusInternalServerError
		if errors.As(err, &callError{}) {
			status = http.StatusBadRequest
		}
		writeControl(w, status, map[string]string{"error": err.Error()})
		return
	}
	writeControl(w, http.StatusOK, out)
}

func writeControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
}

func readControl(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badCallf("reading the body: %v", err)
	}
	return nil
}

// scope checks an id given as scope_id, org_id or group_id.
func (s *Sim) scope(ids ...string) (string, error) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		s.mu.Lock()
		_, ok := s.logs[id]
		s.mu.Unlock()
		if !ok {
			return "", badCallf("no group or organization %q", id)
		}
		return id, nil
	}
	return "", callError{"scope_id is missing"}
}

func (s *Sim) controlWorld(*http.Request) (any, error) {
	type scope struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		GroupID string `json:"group_id,omitempty"`
		Records int    `json:"records"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	groups, orgs := []scope{}, []scope{}
	for _, g := range s.world.groups {
		groups = append(groups, scope{ID: g.ID, Name: g.Name, Records: len(s.logs[g.ID].sorted)})
	}
	for _, o := range s.world.orgs {
		orgs = append(orgs, scope{o.ID, o.Name, o.GroupID, len(s.logs[o.ID].sorted)})
	}
	return map[string]any{"groups": groups, "orgs": orgs, "now": s.now()}, nil
}

func (s *Sim) controlLedger(r *http.Request) (any, error) {
	q := r.URL.Query()
	id, err := s.scope(q.Get("scope_id"), q.Get("org_id"), q.Get("group_id"))
	if err != nil {
		return nil, err
	}
	type shown struct {
		ID        RecordID  `json:"id"`
		Created   time.Time `json:"created"`
		Event     string    `json:"event"`
		Raw       string    `json:"raw,omitempty"`
		RawBytes  []byte    `json:"raw_bytes,omitempty"` // base64, where raw is not UTF-8
		VisibleAt time.Time `json:"visible_at,omitzero"`
		ShownAt   time.Time `json:"shown_at,omitzero"`
		Removed   time.Time `json:"removed,omitzero"`
	}
	out := []shown{}
	for _, e := range s.Emitted(id) {
		v := shown{ID: e.ID, Created: e.Created, Event: e.Event, Raw: e.Raw, VisibleAt: e.VisibleAt, ShownAt: e.ShownAt, Removed: e.Removed}
		if !utf8.ValidString(e.Raw) {
			v.Raw, v.RawBytes = "", []byte(e.Raw)
		}
		out = append(out, v)
	}
	return map[string]any{"records": out}, nil
}

func recordID(r *http.Request) (RecordID, error) {
	n, err := strconv.ParseUint(r.URL.Query().Get("id"), 10, 64)
	if err != nil {
		return 0, callError{"id must be the number of a record"}
	}
	return RecordID(n), nil
}

func (s *Sim) controlRemove(r *http.Request) (any, error) {
	id, err := recordID(r)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"removed": s.Remove(id)}, nil
}

func (s *Sim) controlRedact(r *http.Request) (any, error) {
	id, err := recordID(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	return map[string]bool{"rewritten": s.Redact(id, in.Old, in.New)}, nil
}
