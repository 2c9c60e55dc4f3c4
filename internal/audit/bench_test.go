package audit

import (
	"os"
	"testing"
)

func BenchmarkReadRecord(b *testing.B) {
	raw := benchRecord(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		ReadRecord(raw)
	}
}

func BenchmarkNormalise(b *testing.B) {
	o, in := ReadRecord(benchRecord(b)), orgSetting()
	b.ReportAllocs()
	for b.Loop() {
		Normalise(o, in)
	}
}

func BenchmarkAttachRaw(b *testing.B) {
	raw := benchRecord(b)
	event := Normalise(ReadRecord(raw), orgSetting())
	b.ReportAllocs()
	for b.Loop() {
		AttachRaw(event, raw)
	}
}

func BenchmarkCategoryOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		CategoryOf("org.billing.subscription.edit") // fits no rule
	}
}

func benchRecord(b *testing.B) []byte {
	b.Helper()
	raw, err := os.ReadFile("testdata/records/role_objects.json")
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
