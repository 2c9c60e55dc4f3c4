package grpcapi

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// creating is a valid CreateSourceRequest, changed as told.
func creating(change func(*snykstreamv1.CreateSourceRequest)) *snykstreamv1.CreateSourceRequest {
	r := &snykstreamv1.CreateSourceRequest{Source: aSource(), SourceId: "my-source", Credentials: aToken()}
	change(r)
	return r
}

// config is creating with a changed Snyk configuration.
func config(change func(*snykstreamv1.SnykConfig)) *snykstreamv1.CreateSourceRequest {
	return creating(func(r *snykstreamv1.CreateSourceRequest) { change(r.GetSource().GetSnyk()) })
}

func apiToken(text string) *snykstreamv1.Credentials {
	return &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_ApiToken{ApiToken: text}}
}

func oauth(id, secret string) *snykstreamv1.Credentials {
	return &snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_OauthClient{
		OauthClient: &snykstreamv1.OAuthClient{ClientId: id, ClientSecret: secret},
	}}
}

func TestValidateCreateSource(t *testing.T) {
	group := snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT
	org := snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT
	logTypes := "must be one of LOG_TYPE_SNYK_GROUP_AUDIT, LOG_TYPE_SNYK_ORG_AUDIT, got "
	nothing := "is required where group_id is empty: the UUID of the organization to read, or in group_id that of the group"
	noGroup := "is required by all_organizations and by LOG_TYPE_SNYK_GROUP_AUDIT: the UUID of the group, " +
		"or in organization_id that of an organization of the group, from which it is found"
	contradiction := "contradicts log_types, which leaves the organizations' logs out: " +
		"add LOG_TYPE_SNYK_ORG_AUDIT to log_types, or leave all_organizations unset"
	name := func(text string) *snykstreamv1.CreateSourceRequest {
		return creating(func(r *snykstreamv1.CreateSourceRequest) { r.Source.DisplayName = text })
	}
	id := func(text string) *snykstreamv1.CreateSourceRequest {
		return creating(func(r *snykstreamv1.CreateSourceRequest) { r.SourceId = text })
	}
	with := func(credentials *snykstreamv1.Credentials) *snykstreamv1.CreateSourceRequest {
		return creating(func(r *snykstreamv1.CreateSourceRequest) { r.Credentials = credentials })
	}
	interval := func(d *durationpb.Duration) *snykstreamv1.CreateSourceRequest {
		return config(func(c *snykstreamv1.SnykConfig) { c.PollInterval = d })
	}
	threshold := func(d time.Duration) *snykstreamv1.CreateSourceRequest {
		return creating(func(r *snykstreamv1.CreateSourceRequest) {
			r.Source.DropOffAlarm = &snykstreamv1.DropOffAlarm{Threshold: durationpb.New(d)}
		})
	}
	from := func(at *timestamppb.Timestamp) *snykstreamv1.CreateSourceRequest {
		return config(func(c *snykstreamv1.SnykConfig) { c.CollectFrom = at })
	}
	checkProblems(t, map[string]badRequestCase{
		"as it should be": {creating(func(*snykstreamv1.CreateSourceRequest) {}), nil},
		"empty": {&snykstreamv1.CreateSourceRequest{}, map[string]string{
			"source": "is required", "source_id": "is required: " + idText, "credentials": "is required",
		}},
		"empty parts": {
			&snykstreamv1.CreateSourceRequest{Source: &snykstreamv1.Source{}, Credentials: &snykstreamv1.Credentials{}},
			map[string]string{
				"source.display_name": "is required: 1 to 100 characters", "source.snyk": "is required: what to read from Snyk",
				"source_id": "is required: " + idText, "credentials.kind": "is required: set api_token or oauth_client",
			},
		},
		"id in capitals":      {id("My-Source"), map[string]string{"source_id": idText}},
		"id with a dot":       {id("a.b"), map[string]string{"source_id": idText}},
		"id ending in hyphen": {id("a-"), map[string]string{"source_id": idText}},
		"id too long":         {id(strings.Repeat("a", 64)), map[string]string{"source_id": idText}},
		"longest id":          {id(strings.Repeat("a", 63)), nil},
		"id in the source too": {creating(func(r *snykstreamv1.CreateSourceRequest) {
			r.Source.Id = "my-source"
		}), nil},
		"another id in the source": {creating(func(r *snykstreamv1.CreateSourceRequest) {
			r.Source.Id = "other"
		}), map[string]string{"source.id": "must be empty or equal to source_id"}},
		"no name":        {name(""), map[string]string{"source.display_name": "is required: 1 to 100 characters"}},
		"blank name":     {name(" \t"), map[string]string{"source.display_name": "is required: 1 to 100 characters"}},
		"long name":      {name(strings.Repeat("ü", 101)), map[string]string{"source.display_name": "must have 1 to 100 characters, got 101"}},
		"longest name":   {name(strings.Repeat("ü", 100)), nil},
		"two-line name":  {name("a\nb"), map[string]string{"source.display_name": "must be one line without control characters"}},
		"no credentials": {with(nil), map[string]string{"credentials": "is required"}},
		"empty token":    {with(apiToken("")), map[string]string{"credentials.api_token": "must not be empty"}},
		"blank token":    {with(apiToken(" \n")), map[string]string{"credentials.api_token": "must not be empty"}},
		"torn token":     {with(apiToken("abc\ndef")), nil}, // for the check to report
		"token's break":  {with(apiToken(token + "\n")), nil},
		"long token": {with(apiToken(strings.Repeat("x", 8193))), map[string]string{
			"credentials.api_token": "must have at most 8192 characters, got 8193",
		}},
		"empty client": {with(oauth("", "")), map[string]string{
			"credentials.oauth_client.client_id": "must not be empty", "credentials.oauth_client.client_secret": "must not be empty",
		}},
		"blank client": {with(oauth(" ", "\n")), map[string]string{
			"credentials.oauth_client.client_id": "must not be empty", "credentials.oauth_client.client_secret": "must not be empty",
		}},
		"no client": {with(&snykstreamv1.Credentials{Kind: &snykstreamv1.Credentials_OauthClient{}}), map[string]string{
			"credentials.oauth_client.client_id": "must not be empty", "credentials.oauth_client.client_secret": "must not be empty",
		}},

		"organization is no UUID": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId = "my-org" }),
			map[string]string{"source.snyk.organization_id": uuidText},
		},
		"organization in capitals": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId = strings.ToUpper(orgID) }), nil,
		},
		"group is no UUID": {
			config(func(c *snykstreamv1.SnykConfig) { c.GroupId = "my-group" }),
			map[string]string{"source.snyk.group_id": uuidText},
		},
		"organization with its group": {config(func(c *snykstreamv1.SnykConfig) { c.GroupId = groupID }), nil},
		"nothing to read": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId = "" }),
			map[string]string{"source.snyk.organization_id": nothing},
		},
		"a group to read":    {config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId, c.GroupId = "", groupID }), nil},
		"organization's log": {config(func(c *snykstreamv1.SnykConfig) { c.LogTypes = []snykstreamv1.LogType{org} }), nil},
		"group's log too":    {config(func(c *snykstreamv1.SnykConfig) { c.LogTypes = []snykstreamv1.LogType{org, group} }), nil},
		"group's log alone, the group found from the organization": {
			config(func(c *snykstreamv1.SnykConfig) { c.LogTypes = []snykstreamv1.LogType{group} }), nil,
		},
		"group's log of no group": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId, c.LogTypes = "", []snykstreamv1.LogType{group} }),
			map[string]string{"source.snyk.group_id": noGroup},
		},
		"organizations' logs of nothing": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId, c.LogTypes = "", []snykstreamv1.LogType{org} }),
			map[string]string{"source.snyk.organization_id": nothing},
		},
		"organizations' logs of a group, without any": {
			config(func(c *snykstreamv1.SnykConfig) {
				c.OrganizationId, c.GroupId, c.LogTypes = "", groupID, []snykstreamv1.LogType{group, org}
			}),
			map[string]string{"source.snyk.log_types[1]": "needs an organization to read: set organization_id, or all_organizations for every organization of the group"},
		},
		"odd logs": {
			config(func(c *snykstreamv1.SnykConfig) { c.LogTypes = []snykstreamv1.LogType{0, 7, org, org} }),
			map[string]string{
				"source.snyk.log_types": "must not have the same value twice", "source.snyk.log_types[0]": logTypes + "0",
				"source.snyk.log_types[1]": logTypes + "7",
			},
		},
		"every organization of a group": {
			config(func(c *snykstreamv1.SnykConfig) {
				c.OrganizationId, c.GroupId, c.AllOrganizations = "", groupID, new(true)
			}), nil,
		},
		"every organization of the organization's group": {
			config(func(c *snykstreamv1.SnykConfig) {
				c.AllOrganizations, c.LogTypes = new(true), []snykstreamv1.LogType{org}
			}), nil,
		},
		"every organization of no group": {
			config(func(c *snykstreamv1.SnykConfig) { c.OrganizationId, c.AllOrganizations = "", new(true) }),
			map[string]string{"source.snyk.group_id": noGroup},
		},
		"every organization, and none of their logs": {
			config(func(c *snykstreamv1.SnykConfig) {
				c.GroupId, c.AllOrganizations, c.LogTypes = groupID, new(true), []snykstreamv1.LogType{group}
			}),
			map[string]string{"source.snyk.all_organizations": contradiction},
		},
		"everything wrong about the group": {
			config(func(c *snykstreamv1.SnykConfig) {
				c.OrganizationId, c.AllOrganizations, c.LogTypes = "", new(true), []snykstreamv1.LogType{group}
			}),
			map[string]string{"source.snyk.all_organizations": contradiction, "source.snyk.group_id": noGroup},
		},
		"not every organization": {config(func(c *snykstreamv1.SnykConfig) { c.AllOrganizations = new(false) }), nil},
		"region of nowhere": {
			config(func(c *snykstreamv1.SnykConfig) { c.Region = 42 }),
			map[string]string{"source.snyk.region": "must be one of REGION_SNYK_US_01, REGION_SNYK_US_02, REGION_SNYK_EU_01, " +
				"REGION_SNYK_AU_01, REGION_SNYK_GOV_01, got 42"},
		},
		"polling too often":  {interval(durationpb.New(time.Second)), map[string]string{"source.snyk.poll_interval": "must be 5s to 24h, got 1s"}},
		"polling too seldom": {interval(durationpb.New(25 * time.Hour)), map[string]string{"source.snyk.poll_interval": "must be 5s to 24h, got 25h"}},
		"polling backwards":  {interval(durationpb.New(-90 * time.Second)), map[string]string{"source.snyk.poll_interval": "must be 5s to 24h, got -1m30s"}},
		"polling in no time": {
			interval(&durationpb.Duration{Seconds: 10, Nanos: -1}),
			map[string]string{"source.snyk.poll_interval": "must be a duration whose seconds and nanos have one sign"},
		},
		"fastest polling":   {interval(durationpb.New(5 * time.Second)), nil},
		"jumpy alarm":       {threshold(time.Minute), map[string]string{"source.drop_off_alarm.threshold": "must be 15m to 30 days, got 1m"}},
		"sleepy alarm":      {threshold(31 * 24 * time.Hour), map[string]string{"source.drop_off_alarm.threshold": "must be 15m to 30 days, got 31 days"}},
		"from the past":     {from(timestamppb.New(testTime.Add(-200 * 24 * time.Hour))), nil},
		"from now":          {from(timestamppb.New(testTime.Add(time.Second))), nil},
		"from the future":   {from(timestamppb.New(testTime.Add(time.Minute))), map[string]string{"source.snyk.collect_from": "must not be in the future, got 2025-11-22T12:01:00Z"}},
		"from no time":      {from(&timestamppb.Timestamp{Nanos: -1}), map[string]string{"source.snyk.collect_from": "must be a time of the years 1 to 9999"}},
		"output-only parts": {creating(func(r *snykstreamv1.CreateSourceRequest) { r.Source.Status = &snykstreamv1.SourceStatus{State: 99} }), nil},
	})
}

func TestValidateLabels(t *testing.T) {
	labels := func(labels map[string]string) *snykstreamv1.CreateSourceRequest {
		return creating(func(r *snykstreamv1.CreateSourceRequest) { r.Source.Labels = labels })
	}
	many := map[string]string{}
	for i := range 65 {
		many[strings.Repeat("k", i/10+1)+string(rune('a'+i%10))] = ""
	}
	checkProblems(t, map[string]badRequestCase{
		"the largest": {labels(map[string]string{strings.Repeat("ü", 63): strings.Repeat("ü", 256), "k": ""}), nil},
		"too many":    {labels(many), map[string]string{"source.labels": "must have at most 64 entries, got 65"}},
		"no key":      {labels(map[string]string{"": "v"}), map[string]string{`source.labels[""]`: "must have a key of 1 to 63 characters, got 0"}},
		"long value":  {labels(map[string]string{"x": strings.Repeat("v", 257)}), map[string]string{`source.labels["x"]`: "must have a value of at most 256 characters, got 257"}},
		"long key": {labels(map[string]string{strings.Repeat("k", 1000): ""}), map[string]string{
			`source.labels["` + strings.Repeat("k", 64) + `…"]`: "must have a key of 1 to 63 characters, got 1000",
		}},
		"in a list": {&snykstreamv1.ListSourcesRequest{Labels: map[string]string{"": ""}}, map[string]string{
			`labels[""]`: "must have a key of 1 to 63 characters, got 0",
		}},
	})
}
