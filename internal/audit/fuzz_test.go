package audit

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// FuzzReadRecord holds what is true of the reading of any bytes: more seeds lie in
// testdata/fuzz.
func FuzzReadRecord(f *testing.F) {
	seeds, err := filepath.Glob("testdata/records/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range seeds {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkDecoder(t, raw)
		checkAgainstPlain(t, raw)
		kept := bytes.Clone(raw)
		o := ReadRecord(raw)
		if again := ReadRecord(raw); again.Hash != o.Hash || again.ID(1) != o.ID(1) {
			t.Error("read twice, two records")
		}
		if readable := o.Problem == ""; readable && (o.Event == "" || o.Created.IsZero()) {
			t.Errorf("readable with event %q, created %v", o.Event, o.Created)
		}
		for _, in := range []Setting{orgSetting(), groupSetting()} {
			event := Normalise(o, in)
			checkEvent(t, event)
			if (event.GetRecord() == nil) != (o.Problem != "") {
				t.Errorf("problem %q, record %v", o.Problem, event.GetRecord())
			}
			if o.Problem != "" && !event.GetTruncated() && string(raw) != event.GetRawJson()+string(event.GetRawBytes()) {
				t.Error("an unreadable record without its bytes")
			}
		}
		if !bytes.Equal(raw, kept) || !bytes.Equal(o.Raw, kept) {
			t.Error("the bytes were changed")
		}
		if o.Problem == "" && utf8.Valid(raw) {
			checkRewritten(t, o)
		}
	})
}

// checkRewritten reads the record once more from another form of it.
func checkRewritten(t *testing.T, o Observed) {
	t.Helper()
	fields, problem := plainObject(o.Raw)
	if problem != "" {
		t.Fatal(problem)
	}
	fields["a key of null"] = nil
	form, err := json.MarshalIndent(fields, " ", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if got := ReadRecord(form); got.Hash != o.Hash {
		t.Errorf("the same record has another identity:\n%s\n%s", o.Raw, form)
	}
}
