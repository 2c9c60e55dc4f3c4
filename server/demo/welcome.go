package demo

import "strings"

// hints are what a newcomer can do from a second terminal. ADDRESS, ORGANIZATION
// and TOKEN are filled in.
const hints = `snykstream serves at ADDRESS, with a simulated Snyk behind it. From a second terminal:

  grpcurl -plaintext ADDRESS list
  grpcurl -plaintext -d '{"source_id":"demo"}' ADDRESS snykstream.v1.SourceService/GetSource
  grpcurl -plaintext -d '{"position":"START_POSITION_EARLIEST","include":[{"categories":["EVENT_CATEGORY_ROLE"]}]}' \
    ADDRESS snykstream.v1.EventService/StreamEvents
  grpcurl -plaintext -d @ ADDRESS snykstream.v1.SourceService/CreateSource <<'JSON'
  {"source_id":"second","source":{"display_name":"Second","snyk":{"organization_id":"ORGANIZATION"}},
   "credentials":{"api_token":"TOKEN"}}
  JSON

Events of the source "demo" (Ctrl-C ends it, and leaves nothing behind):
`

// welcome says what runs where.
func (p *printer) welcome(address, organization, token string) {
	p.line(strings.NewReplacer(
		"ADDRESS", address, "ORGANIZATION", organization, "TOKEN", token,
	).Replace(hints))
}
