package audit

import (
	"encoding/json"
	"os"
	"testing"

	"google.golang.org/protobuf/proto"
)

func BenchmarkReadRecord(b *testing.B) {
	raw := benchRecord(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		ReadRecord(raw)
	}
}

func BenchmarkValidJSON(b *testing.B) {
	raw := benchRecord(b)
	for name, valid := range map[string]func([]byte) bool{"here": ValidJSON, "encoding/json": json.Valid} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				valid(raw)
			}
		})
	}
}

func BenchmarkID(b *testing.B) {
	o := ReadRecord(benchRecord(b))
	b.ReportAllocs()
	for b.Loop() {
		o.ID(1)
	}
}

func BenchmarkBareHash(b *testing.B) {
	raw := benchRecord(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		BareHash(raw)
	}
}

func BenchmarkNormalise(b *testing.B) {
	o, in := ReadRecord(benchRecord(b)), orgSetting()
	b.ReportAllocs()
	for b.Loop() {
		Normalise(o, in)
	}
}

// Events on their way to the journal: with encoded content, and then marshalled.
func BenchmarkNormaliseEncoded(b *testing.B) {
	o, in := ReadRecord(benchRecord(b)), orgSetting()
	in.EncodedContent = true
	b.ReportAllocs()
	for b.Loop() {
		Normalise(o, in)
	}
}

func BenchmarkMarshal(b *testing.B) {
	for name, encoded := range map[string]bool{"decoded content": false, "encoded content": true} {
		b.Run(name, func(b *testing.B) {
			in := orgSetting()
			in.EncodedContent = encoded
			event := Normalise(ReadRecord(benchRecord(b)), in)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (proto.MarshalOptions{Deterministic: true}).Marshal(event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCategoryOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		CategoryOf("org.billing.subscription.edit") // fits no rule
	}
}

// benchRecord is a record of the usual size, some 800 bytes.
func benchRecord(b *testing.B) []byte {
	b.Helper()
	raw, err := os.ReadFile("testdata/records/settings_edit.json")
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
