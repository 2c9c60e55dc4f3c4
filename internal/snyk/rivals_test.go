package snyk

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/snyksim"
)

// TestSilencesGrow: two who share a credential and do not know of each other get
// out of a refusal that each request of either prolongs.
func TestSilencesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, 0.5, snyksim.RateLimit{})
		other, err := New(Config{Transport: w.Transport()})
		if err != nil {
			t.Fatal(err)
		}
		token := w.AddToken(snyksim.Token{Grants: []snyksim.Grant{snyksim.OrgAdmin(w.org.ID)}})
		cred := audit.Credential{Token: audit.NewSecret(token.Value)}
		w.Inject(snyksim.Fault{Effect: snyksim.Throttle(time.Minute, snyksim.HintRetryAfter), Times: 1})
		for _, clients := range []*Clients{w.clients, other} {
			go func() {
				for range 10 {
					_, err := clients.For(us, cred).Search(t.Context(), w.search)
					var trouble *audit.SnykError
					if !errors.As(err, &trouble) {
						return
					}
					time.Sleep(trouble.RetryAfter)
				}
				t.Error("refused ten times over")
			}()
			time.Sleep(30 * time.Second)
		}
		synctest.Wait()
		time.Sleep(3 * time.Hour)
	})
}
