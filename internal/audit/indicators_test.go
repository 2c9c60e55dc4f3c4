package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEmailsIn(t *testing.T) {
	tests := map[string]struct {
		content string
		want    []string
	}{
		"alone":               {`"ann@example.com"`, []string{"ann@example.com"}},
		"in a sentence":       {`"Ask <ann@example.com>, 'bob@example.org'. Or (eve@a-b.example.net)!"`, []string{"ann@example.com", "bob@example.org", "eve@a-b.example.net"}},
		"at the end":          {`"It was ann@example.com."`, []string{"ann@example.com"}},
		"as written, once":    {`["Ann@Example.com","ann@example.com","Ann@Example.com"]`, []string{"Ann@Example.com", "ann@example.com"}},
		"anywhere":            {`{"a":{"b":[{"c":"ann@example.com"}]},"to":"bob@example.com"}`, []string{"ann@example.com", "bob@example.com"}},
		"below the levels":    {strings.Repeat("[", 40) + `"ann@example.com"` + strings.Repeat("]", 40), []string{"ann@example.com"}},
		"not in keys":         {`{"ann@example.com":1}`, nil},
		"tags and dots":       {`"ann.o'lee+snyk_1-x%y@mail.example.co.uk"`, []string{"ann.o'lee+snyk_1-x%y@mail.example.co.uk"}},
		"letters of others":   {`"jürgen@müller.example"`, []string{"jürgen@müller.example"}},
		"punycode":            {`"a@example.xn--p1ai"`, []string{"a@example.xn--p1ai"}},
		"mailto":              {`"mailto:ann@example.com?subject=x"`, []string{"ann@example.com"}},
		"in a query":          {`"https://app.example.com/x?user=ann@example.com"`, []string{"ann@example.com"}},
		"in a query alone":    {`"https://app.example.com?user=ann@example.com#to=bob@example.com"`, []string{"ann@example.com", "bob@example.com"}},
		"password of a URL":   {`"https://ann:hunter2@git.example.com/x.git"`, nil},
		"user of a URL":       {`"see https://ann@git.example.com/x.git"`, nil},
		"path after a URL":    {`"https://example.com/ ann@example.com"`, []string{"ann@example.com"}},
		"no top level":        {`"root@localhost"`, nil},
		"an IP address":       {`"root@10.0.0.1"`, nil},
		"a version":           {`"lodash@4.17.21 @types/node@20.1.0"`, nil},
		"no local part":       {`"@example.com, .@example.com"`, nil},
		"dots":                {`"a..b@example.com a.@example.com a@.com a@b..com a@-b.com"`, nil},
		"adjacent @":          {`"a@@example.com"`, nil},
		"chain":               {`"a@b.example@c.example"`, []string{"a@b.example", "b.example@c.example"}},
		"local part too long": {`"` + strings.Repeat("a", maxEmailLocal+1) + `@example.com"`, nil},
		"domain too long":     {`"a@` + strings.Repeat("b.", 130) + `com"`, nil},
		"not UTF-8":           {"\"\xffann@example.com\xff\"", []string{"ann@example.com"}},
		"no content":          {`null`, nil},
		"numbers":             {`[1,true,null,{}]`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, emails := contentOf(t, test.content)
			if diff := cmp.Diff(test.want, emails); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEmailsAreBounded(t *testing.T) {
	var all []string
	for i := range 3 * maxEmails {
		all = append(all, fmt.Sprintf("user%03d@example.com", i))
	}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	_, got := contentOf(t, `"`+strings.Join(backwards, " ")+`"`)
	if diff := cmp.Diff(all[:maxEmails], got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
