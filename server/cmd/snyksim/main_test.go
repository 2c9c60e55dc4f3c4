package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestRefusesBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--rate", "-1"}, {"--history", "-1"}, {"--seed", "x"}, {"--nothing"}, {"word"}, {"--listen", "nowhere:x"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v accepted", args)
		}
	}
	var usage bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, io.Discard, &usage); err != nil || !strings.Contains(usage.String(), "-seed") {
		t.Errorf("help: %v, %s", err, usage.String())
	}
}

func TestServesUntilTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"--listen", "127.0.0.1:0", "--history", "50", "--control", "--rate", "100"}, w, io.Discard)
		_ = w.Close()
		done <- err
	}()
	var greeting strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "control:") {
		greeting.WriteString(lines.Text() + "\n")
	}
	find := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(greeting.String())
		if m == nil {
			t.Fatalf("no %s in\n%s", pattern, greeting.String())
		}
		return m[1]
	}
	base := find(`--snyk-endpoint snyk-us-01=(\S+)`)
	path := "/rest/orgs/" + find(`organization +(\S+)`) + "/audit_logs/search?version=2024-10-15"
	for url, want := range map[string]int{base + path: 200, base + "/_sim/world": 200, base + "/rest/self": 400} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "token "+find(`api token +(\S+)`))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", url, res.StatusCode, want)
		}
		_ = res.Body.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopping: %v", err)
	}
}
