package demo

import (
	"strings"

	"github.com/snykstream/snykstream/internal/snyksim"
)

// hints are what a newcomer can do from a second terminal. ADDRESS, ORGANIZATION,
// GROUP and TOKEN are filled in.
const hints = `snykstream serves at ADDRESS, with a simulated Snyk behind it. From a second terminal:

  grpcurl -plaintext ADDRESS list
  grpcurl -plaintext -d '{"source_id":"demo"}' ADDRESS snykstream.v1.SourceService/GetSource
  grpcurl -plaintext -d '{"position":"START_POSITION_EARLIEST","include":[{"categories":["EVENT_CATEGORY_ROLE"]}]}' \
    ADDRESS snykstream.v1.EventService/StreamEvents
  grpcurl -plaintext -d @ ADDRESS snykstream.v1.SourceService/CreateSource <<'JSON'
  {"source_id":"second","source":{"display_name":"Second","snyk":{"organization_id":"ORGANIZATION"}},
   "credentials":{"api_token":"TOKEN"}}
  JSON
  grpcurl -plaintext -d @ ADDRESS snykstream.v1.SourceService/CreateSource <<'JSON'
  {"source_id":"acme","source":{"display_name":"All of Acme","snyk":{"group_id":"GROUP","all_organizations":true}},
   "credentials":{"api_token":"TOKEN"}}
  JSON

Events of the source "demo" (Ctrl-C ends it, and leaves nothing behind):
`

// welcome says what runs where.
func (p *printer) welcome(address string, organization snyksim.Org, token string) {
	p.line(strings.NewReplacer(
		"ADDRESS", address, "ORGANIZATION", organization.ID, "GROUP", organization.GroupID, "TOKEN", token,
	).Replace(hints))
}
