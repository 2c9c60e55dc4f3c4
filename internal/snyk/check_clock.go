package snyk

import (
	"fmt"
	"time"
)

// maxSkew is the difference of clocks that needs no mention. Snyk's is told in
// whole seconds, and is older by the time of the way here.
const maxSkew = 30 * time.Second

// clockReading is Snyk's clock and ours at the newest answer that told it; zero
// where none has.
type clockReading struct{ server, received time.Time }

func (r *clockReading) hear(server, received time.Time) {
	if !server.IsZero() {
		r.server, r.received = server, received
	}
}

// clockNow is the time by Snyk's clock, as far as it is known.
func (k *check) clockNow() time.Time {
	if k.heard.server.IsZero() {
		return k.now()
	}
	return k.heard.server
}

// clock compares Snyk's clock with ours. The collection goes by the slower of the
// two, so a difference is a warning.
func (k *check) clock() {
	if k.heard.server.IsZero() {
		return
	}
	skew := k.heard.received.Sub(k.heard.server).Truncate(time.Second)
	if skew.Abs() <= maxSkew {
		k.report.pass(kindClockSkew, "Snyk's clock and this server's agree", nil)
		return
	}
	side := "ahead of"
	if skew < 0 {
		side = "behind"
	}
	k.report.warn(kindClockSkew, advice{
		fmt.Sprintf("this server's clock is %s %s Snyk's", skew.Abs(), side),
		"keep this server's clock by NTP",
	}, nil)
}
