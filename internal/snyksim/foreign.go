package snyksim

import "net/http"

// Foreign stands for a host that no client may send its token to: it notes the
// request (KindForeign) and answers 418. Serve it where tests can be reached over
// a network, so that a client that goes there arrives; for Transport there is
// Config.ForeignHosts.
func (s *Sim) Foreign() http.Handler { return http.HandlerFunc(s.serveForeign) }

func (s *Sim) serveForeign(w http.ResponseWriter, r *http.Request) {
	x := s.newExchangeOf(r, KindForeign, "")
	x.reply = newReply(http.StatusTeapot, typeHTML, "another host")
	s.requests.done(x)
	x.reply.send(w)
}

// ForeignOrigins are the ways to write an origin that lead a careless client from
// the host own to the host foreign, both with their ports, by name: what goes
// before the path in ForeignLink and Redirect.
func ForeignOrigins(own, foreign string) map[string]string {
	return map[string]string{
		"absolute":                        "http://" + foreign,
		"another scheme":                  "https://" + foreign,
		"scheme in capitals":              "HTTP://" + foreign,
		"no scheme":                       "//" + foreign,
		"more slashes":                    "///" + foreign,
		"backslashes":                     `\\` + foreign,
		"a slash and a backslash":         `/\` + foreign,
		"a scheme and backslashes":        `http:\\` + foreign,
		"a user like the own host":        "http://" + own + "@" + foreign,
		"a user and password":             "http://" + own + ":x@" + foreign,
		"a backslash before the own host": "http://" + foreign + `\@` + own,
		"a blank before the scheme":       " http://" + foreign,
		"no scheme and a user":            "//" + own + "@" + foreign,
	}
}
