package snyksim

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestConcurrentUse is for the race detector: everything at once.
func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, Config{Now: time.Now, RateLimit: RateLimit{Enforce: true}})
	f.Generate(f.org.ID, History{Records: 200})
	f.Inject(Fault{Match: Match{Probability: 0.2}, Effect: Status(500, BodyHTML)})
	f.Inject(Fault{Match: Match{Probability: 0.2}, Effect: Unsorted()})
	f.Inject(Fault{Match: Match{Probability: 0.1}, Effect: Do("append", func(s *Sim, _ *http.Request) {
		s.Append(f.org.ID, Record{Event: "org.edit"})
	})})
	tr, err := f.NewTrickle(TrickleConfig{ScopeIDs: []string{f.org.ID}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				w := &memoryWriter{header: http.Header{}}
				f.ServeHTTP(w, newSearch(f, "2020-01-01T00:00:00Z"))
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			for _, id := range tr.Step(2) {
				f.Redact(id, "a", "b")
			}
		}
	})
	wg.Go(func() {
		for range 20 {
			f.Emitted(f.org.ID)
			f.Requests()
			f.FaultsFired()
			f.SetSkew(time.Second)
		}
	})
	wg.Wait()
	if n := f.Count(KindOrgAudit); n != 200 {
		t.Errorf("%d requests counted", n)
	}
}

func TestDemoWorldCanBeRead(t *testing.T) {
	f := newFixture(t, Config{})
	d := f.AddDemo(50)
	for _, o := range d.Orgs {
		f.org = o
		f.tok = d.Token
		if items, _ := f.readAll("sort_order", "ASC", "from", "2020-01-01T00:00:00Z"); len(items) == 0 {
			t.Errorf("%s is empty", o.Name)
		}
	}
	if len(f.Emitted(d.Group.ID)) <= 25 || d.OAuth.ClientSecret == "" {
		t.Error("the group's log has nothing of its organizations, or no OAuth client")
	}
}
