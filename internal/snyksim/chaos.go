package snyksim

import (
	"net/http"
	"time"
)

// Chaos makes every request fail with this probability in each way that Snyk and
// the network are known to fail, but for lies about which records there are: a
// client that is exact loses and repeats nothing under it. ClearFaults ends it.
func (s *Sim) Chaos(probability float64) {
	// A list without its link looks whole, and nothing tells: in an audit log the
	// next reading does.
	s.Inject(Fault{Match: Match{Kinds: []Kind{KindOrgAudit, KindGroupAudit}, Probability: probability}, Effect: DropNext()})
	for _, effect := range []Effect{
		Status(http.StatusInternalServerError, BodyHTML), Status(http.StatusServiceUnavailable, BodyEmpty),
		Status(http.StatusForbidden, BodyJSONAPI), Status(http.StatusUnauthorized, BodyCodeMessage),
		Status(http.StatusNotFound, BodyEmptyObject), Status(http.StatusBadRequest, BodyJSONAPIMinimal),
		Throttle(time.Second, HintReset), Delay(100 * time.Millisecond), ReplaceBody("{}"),
		CutBody(0.5), ShortBody(0.7), TruncateBody(0.3), Reset(), LoseAnswer(),
		Unsorted(), ShortPages(3), ShortPages(0), TrailingNext(), OmitEmptyItems(),
		RepeatCursor(), CursorToStart(), RefuseCursor(),
		ForeignLink("https://foreign.test"), Redirect("https://foreign.test"), Link(LinkObject), Link(LinkBare), Link(LinkAbsolute),
	} {
		s.Inject(Fault{Match: Match{Probability: probability}, Effect: effect})
	}
}
