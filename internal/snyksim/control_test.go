package snyksim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// control calls the control surface and reads the answer into a map.
func (f *fixture) control(method, path, body string, want int) map[string]any {
	f.t.Helper()
	req := httptest.NewRequest(method, "http://snyk.test/_sim/"+path, strings.NewReader(body))
	res, err := f.http.Transport.RoundTrip(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil || res.StatusCode != want {
		f.t.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, want, b)
	}
	return out
}

func TestControlIsOffByDefault(t *testing.T) {
	f := newFixture(t, Config{})
	if g := f.get("/_sim/world"); g.status != http.StatusNotFound || !strings.Contains(g.body, "errors") {
		t.Errorf("%d %s", g.status, g.body)
	}
}

func TestControlRecords(t *testing.T) {
	f := newFixture(t, Config{Control: true})
	added := f.control("POST", "records", `{"org_id":"`+f.org.ID+`","records":[
		{"event":"org.edit","created":"2025-03-12T11:00:00Z","content":{"":[1, 2]},"in_group":true},
		{"raw":"not json","created":"2025-03-12T11:00:01Z"}],"burst":3}`, 200)
	ids, _ := added["ids"].([]any)
	if len(ids) != 5 {
		t.Fatalf("ids %v", ids)
	}
	f.Append(f.org.ID, Record{Raw: "\xff", Created: epoch.Add(-time.Hour)})
	ledger, _ := f.control("GET", "records?org_id="+f.org.ID, "", 200)["records"].([]any)
	if len(ledger) != 6 || dig(ledger[0].(map[string]any), "raw_bytes") != "/w==" || dig(ledger[2].(map[string]any), "raw") != "not json" {
		t.Errorf("ledger %v", ledger)
	}
	if raw := dig(ledger[1].(map[string]any), "raw"); !strings.Contains(raw.(string), `"content":{"":[1, 2]}`) {
		t.Errorf("raw %v", raw)
	}
	id := strconv.Itoa(int(ids[0].(float64)))
	if out := f.control("PATCH", "records?id="+id, `{"old":"[1, 2]","new":"null"}`, 200); out["rewritten"] != true {
		t.Errorf("rewriting: %v", out)
	}
	if out := f.control("DELETE", "records?id="+id, "", 200); out["removed"] != true {
		t.Errorf("removing: %v", out)
	}
	world := f.control("GET", "world", "", 200)
	if orgs, _ := world["orgs"].([]any); len(orgs) != 1 || dig(orgs[0].(map[string]any), "records") != 5.0 {
		t.Errorf("world %v", world)
	}
	for _, bad := range []string{
		`{"org_id":"x","records":[]}`, `{"records":[]}`, `{`, `{"what":1}`,
		`{"org_id":"` + f.org.ID + `","records":[{}]}`,
	} {
		f.control("POST", "records", bad, 400)
	}
	f.control("GET", "records", "", 400)
	f.control("DELETE", "records?id=x", "", 400)
	f.control("PUT", "records", "", 404)
}

func TestControlOrganizations(t *testing.T) {
	f := newFixture(t, Config{Control: true})
	made := f.control("POST", "orgs", `{"name":"New One","group_id":"`+f.org.GroupID+`"}`, 200)
	id, _ := made["id"].(string)
	if made["group_id"] != f.org.GroupID || made["slug"] != "new-one" || len(f.groupOrgs("")) != 2 {
		t.Errorf("made %v", made)
	}
	path := strings.Replace(f.searchPath(), f.org.ID, id, 1)
	f.control("POST", "orgs", `{"id":"`+id+`","name":"New One","group_id":"`+f.org.GroupID+`","free_plan":true}`, 200)
	if g := f.get(path); g.status != 403 || len(f.groupOrgs("")) != 2 {
		t.Errorf("of the free plan: status %d", g.status)
	}
	f.control("POST", "records", `{"org_id":"`+f.org.ID+`","records":[{"event":"org.edit","without_org":true}]}`, 200)
	if all := f.Emitted(f.org.GroupID); len(all) != 1 || strings.Contains(all[0].Raw, f.org.ID) {
		t.Errorf("the group shows %v", all)
	}
	f.control("POST", "faults", `{"effect":"status","status":500,"scope_ids":["`+f.org.ID+`"]}`, 200)
	if a, b := f.search().status, f.get(path).status; a != 500 || b != 403 {
		t.Errorf("faults of one organization: %d, and %d for the other", a, b)
	}
	f.control("DELETE", "orgs?id="+id, "", 200)
	if g := f.get(path); g.status != 404 || len(f.groupOrgs("")) != 1 {
		t.Errorf("removed: status %d", g.status)
	}
	f.control("DELETE", "orgs?id="+id, "", 400)
	f.control("POST", "orgs", `{"id":"x"}`, 400)
	f.control("POST", "orgs", `{"group_id":"x"}`, 400)
}

func TestControlFaultsAndRequests(t *testing.T) {
	f := newFixture(t, Config{Control: true})
	f.control("POST", "faults", `{"effect":"status","status":503,"body":"html","kinds":["org_audit"],"times":1,"name":"outage"}`, 200)
	f.control("POST", "faults", `{"effect":"throttle","duration":"30s","hint":"retry_after","nth":2,"times":1}`, 200)
	if g := f.search(); g.status != 503 || !strings.HasPrefix(g.body, "<html>") {
		t.Errorf("%d %s", g.status, g.body)
	}
	if g := f.search(); g.status != 429 || g.header.Get("Retry-After") != "30" {
		t.Errorf("%d %v", g.status, g.header)
	}
	fired := f.control("GET", "faults", "", 200)
	if dig(fired, "fired", "outage") != 1.0 || dig(fired, "fired", "throttle") != 1.0 {
		t.Errorf("fired %v", fired)
	}
	seen := f.control("GET", "requests", "", 200)
	if list, _ := seen["requests"].([]any); len(list) != 2 || dig(seen, "counts", "org_audit") != 2.0 {
		t.Errorf("requests %v", seen)
	}
	text, err := json.Marshal(seen)
	if err != nil || strings.Contains(string(text), f.tok.Value) {
		t.Error("the request log shows a secret")
	}
	f.control("DELETE", "faults", "", 200)
	f.control("DELETE", "requests", "", 200)
	for _, bad := range []string{
		`{"effect":"nothing"}`, `{"effect":"status"}`, `{"effect":"delay","duration":"soon"}`, `{"effect":"reset","for":"x"}`,
		`{"effect":"status","status":500,"body":"pdf"}`, `{"effect":"link","form":"x"}`, `{"effect":"throttle","hint":"x"}`,
		`{"effect":"cut_body","share":2}`, `{"effect":"huge_body","n":-1}`,
	} {
		f.control("POST", "faults", bad, 400)
	}
}

func TestEveryEffectHasAWord(t *testing.T) {
	f := newFixture(t, Config{})
	words := "status throttle redirect delay reset lose_answer cut_body short_body truncate_body replace_body content_type " +
		"date_skew huge_body deep_body corrupt_utf8 refuse_cursor unsorted short_pages omit_empty_items trailing_next link " +
		"foreign_link repeat_cursor cursor_to_start drop_next repeat_items"
	for w := range strings.FieldsSeq(words) {
		yes := true
		fault, err := FaultSpec{Effect: w, Status: 500, Cursor: &yes, For: "1s"}.Fault()
		if err != nil || fault.Effect.Name() == "" || fault.Match.When == nil {
			t.Errorf("%s: %v", w, err)
			continue
		}
		f.Inject(fault).Remove()
	}
}

func TestControlTokens(t *testing.T) {
	f := newFixture(t, Config{Control: true})
	tok := f.control("POST", "tokens", `{"kind":"pat","role":"org_admin","scope_id":"`+f.org.ID+`","ttl":"1h"}`, 200)
	value, _ := tok["value"].(string)
	if g := f.getAs("token "+value, f.searchPath()); g.status != 200 {
		t.Errorf("status %d", g.status)
	}
	f.control("DELETE", "tokens", `{"value":"`+value+`"}`, 200)
	if g := f.getAs("token "+value, f.searchPath()); g.status != 401 {
		t.Errorf("revoked: status %d", g.status)
	}
	client := f.control("POST", "tokens", `{"kind":"oauth","role":"group_admin","scope_id":"`+f.org.GroupID+`"}`, 200)
	if client["client_secret"] == nil || client["value"] != nil {
		t.Errorf("client %v", client)
	}
	for _, bad := range []string{
		`{"role":"king","scope_id":"` + f.org.ID + `"}`, `{"role":"org_admin"}`,
		`{"role":"org_admin","scope_id":"` + f.org.ID + `","ttl":"x"}`,
	} {
		f.control("POST", "tokens", bad, 400)
	}
}
