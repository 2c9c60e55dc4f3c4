package audit

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// The users' own files, byte for byte.
func TestSchemaYAML(t *testing.T) {
	schemas := Schemas()
	if len(schemas) != 2 || schemas[0].GetName() != "Snyk.GroupAudit" || schemas[1].GetName() != "Snyk.OrgAudit" {
		t.Fatalf("schemas: %v", schemas)
	}
	for _, schema := range schemas {
		want, err := os.ReadFile("testdata/" + schema.GetName() + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), schema.GetYaml()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", schema.GetName(), diff)
		}
	}
}

func TestSchemas(t *testing.T) {
	want := &snykstreamv1.Schema{
		Name:         "Snyk.OrgAudit",
		Description:  "Audit logs of your organization.",
		ReferenceUrl: "https://snyk.docs.apiary.io/#reference/audit-logs/organization-level-audit-logs/get-organization-level-audit-logs",
		Fields: []*snykstreamv1.SchemaField{
			{Name: "groupId", Required: true, Description: "The group id", Type: "string"},
			{Name: "orgId", Required: true, Description: "The organization id", Type: "string"},
			{Name: "userId", Required: true, Description: "The user id", Type: "string", Indicators: []string{"username"}},
			{Name: "projectId", Description: "The project id", Type: "string"},
			{Name: "event", Required: true, Description: "The event type", Type: "string"},
			{Name: "created", Required: true, Description: "The date and time of the event in rfc3339 standard format", Type: "timestamp", TimeFormat: "rfc3339", IsEventTime: true},
			{Name: "content", Description: "The content relating to the event", Type: "json"},
		},
	}
	got := Schemas()[1]
	if len(got.GetNotes()) == 0 {
		t.Error("no notes")
	}
	if diff := cmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreFields(got, "yaml", "notes")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The messages are the caller's: what one does with them, the next does not see.
func TestSchemasAreNotShared(t *testing.T) {
	want, got := proto.CloneOf(Schemas()[0]), Schemas()[0]
	got.Notes[0], got.Fields[0].Name, got.Fields[2].Indicators[0], got.Name = "x", "x", "x", "x"
	if diff := cmp.Diff(want, Schemas()[0], protocmp.Transform()); diff != "" {
		t.Errorf("the next caller sees the change: %s", diff)
	}
}

func TestYAMLScalar(t *testing.T) {
	plain := []string{"The group id", "rfc3339", "https://example.com/#a/b-c", "a:b", "a#b"}
	for _, text := range plain {
		if got := yamlScalar(text); got != text {
			t.Errorf("%q is quoted: %s", text, got)
		}
	}
	for _, text := range append(plain, "", "a: b", "a #b", "a:", "no", "True", "null", "~", "7", "-a", " a", "a ", "it's", `"a"`, "a\nb", "é", "{a}", "a\x00b", "0x1", "*a", "&a", "!a", "%a", "@a", "|", ">") {
		var back struct{ V string }
		if err := yaml.Unmarshal([]byte("v: "+yamlScalar(text)+"\n"), &back); err != nil || back.V != text {
			t.Errorf("%q: %s reads as %q, %v", text, yamlScalar(text), back.V, err)
		}
	}
}
