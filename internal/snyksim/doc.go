// Package snyksim simulates the parts of Snyk's API that an audit log collector
// meets: the audit search of organizations and groups, the lists that give names
// to ids, the OAuth2 token endpoint, rate limits, and the faults of all of them.
//
// A [Sim] is an [net/http.Handler]. It works in the goroutine of its caller,
// starts none, and reads the time from Config.Now alone, so it can be served by
// httptest, run alone (server/cmd/snyksim), or be used without any network and
// inside a testing/synctest bubble through [Sim.Transport]:
//
//	sim, err := snyksim.New(snyksim.Config{Seed: 1})
//	org := sim.AddOrg("Goof")
//	tok := sim.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(org.ID)}})
//	ids := sim.Append(org.ID, snyksim.Record{Event: "org.project.add", Content: `{"a":1}`})
//	sim.Inject(snyksim.Fault{Match: snyksim.Match{Probability: 0.1}, Effect: snyksim.Status(503, snyksim.BodyHTML)})
//	want := sim.Emitted(org.ID) // the exact bytes of every record
//
// # What it promises
//
// Every record is rendered once, when it is added, and shown byte for byte as
// rendered until a test rewrites it. Records of one log are kept in the order of
// (created, insertion). A record is shown from VisibleAt until Expires, both on
// the simulator's clock, which is Config.Now plus Config.Skew. Nothing is random
// but by the seed: the same calls in the same order give the same answers.
//
// Where Snyk's behaviour is not known, the choice is a Config field or an
// [Effect], and the default is the most likely one.
//
// # Mistakes of the caller
//
// Methods that name a group or an organization panic when the simulator has no
// such id: only a mistake in the calling test can do that, and a test that went
// on would compare against nothing.
//
// # Control surface
//
// With Config.Control the handler also answers under /_sim/, without
// authentication and outside faults, limits and the request log, so that
// another process can drive it:
//
//	GET    /_sim/world                    groups and organizations
//	POST   /_sim/orgs                     {"name", "group_id", "id", "free_plan"}: adds an organization, or changes the one with this id
//	DELETE /_sim/orgs?id=                 removes one: it is unknown from then on
//	POST   /_sim/records                  {"scope_id", "records": [{created, event, user_id, project_id, content, raw, visible_at, whole_seconds, in_group, without_org}]} or {"scope_id", "burst": 300}
//	GET    /_sim/records?scope_id=        the ledger: [{id, created, event, raw, shown_at, ...}]; org_id and group_id work too
//	PATCH  /_sim/records?id=              {"old", "new"}: rewrites a record by replacing text in it
//	DELETE /_sim/records?id=              removes a record
//	POST   /_sim/faults                   {"effect", "kinds", "nth", "probability", "times", "for", ...}: see FaultSpec
//	GET    /_sim/faults                   how often each fault has fired
//	DELETE /_sim/faults                   takes all faults away
//	GET    /_sim/requests                 the request log and the count per kind
//	DELETE /_sim/requests                 empties both
//	POST   /_sim/tokens                   {"kind", "role", "scope_id", "ttl"}: adds a credential and answers with its secret
//	DELETE /_sim/tokens                   {"value"} or {"client_id"} in the body: revokes a credential
package snyksim
