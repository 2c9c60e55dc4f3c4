package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-file +now; -update writes it):\n%s", path, diff)
	}
}

const (
	testOrg     = "0b1e6f1e-6d7f-4a53-9d1a-2f7f0c9a2c22"
	testGroup   = "5b1a3b6c-9c0e-4f57-8a4c-3a7c5e0b1d11"
	testUser    = "7c2f1a50-3b1d-4f0f-8f6f-9d0e4b3a3c33"
	testProject = "c9e8d7f6-1a2b-4c3d-8e9f-0a1b2c3d4e44"
)

func orgSetting() Setting {
	return Setting{SourceID: "main", Feed: Feed{ScopeOrg, testOrg}, GroupID: testGroup, Occurrence: 1}
}

func groupSetting() Setting {
	return Setting{SourceID: "main", Feed: Feed{ScopeGroup, testGroup}, Occurrence: 1}
}

// Every record in testdata/records becomes the two events in testdata/events: as
// read from an organization's log and from a group's. Their ids are part of that:
// a change of them is a change of the identity, and needs a new version.
func TestNormaliseGolden(t *testing.T) {
	records, err := filepath.Glob("testdata/records/*.json")
	if err != nil || len(records) == 0 {
		t.Fatalf("no records: %v", err)
	}
	for _, path := range records {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			o := ReadRecord(raw)
			var out bytes.Buffer
			out.WriteString("problem: " + cmp.Or(o.Problem, "none") + "\n")
			out.Write(eventJSON(t, Normalise(o, orgSetting())))
			out.Write(eventJSON(t, Normalise(o, groupSetting())))
			golden(t, filepath.Join("events", name+".golden"), out.Bytes())
		})
	}
}

// eventJSON is an event as JSON without protojson's changing white space.
func eventJSON(t *testing.T, event *snykstreamv1.Event) []byte {
	t.Helper()
	if _, err := proto.Marshal(event); err != nil {
		t.Fatalf("the event cannot be encoded: %v", err)
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}
