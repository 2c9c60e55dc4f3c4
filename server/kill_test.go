package server_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/servertest"
	"github.com/snykstream/snykstream/internal/snyksim"
	"github.com/snykstream/snykstream/server"
)

// Variables by which the test runs itself as a server of its own process.
const (
	childData = "SNYKSTREAM_TEST_CHILD_DATA"
	childSnyk = "SNYKSTREAM_TEST_CHILD_SNYK"
	childAddr = "serving at "
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(childData); folder != "" {
		if err := serveAsChild(folder, os.Getenv(childSnyk), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	// The tests beside each other wait for clocks, not for processors.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	m.Run()
}

// serveAsChild serves until it is killed.
func serveAsChild(folder, snykURL string, out io.Writer) error {
	ctx := context.Background()
	s, err := server.New(ctx, server.Config{
		Config: config.Config{
			Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", DataDir: folder, Retention: config.DefaultRetention,
			SnykEndpoints: map[snykstreamv1.Region]string{snykstreamv1.Region_REGION_SNYK_US_01: snykURL},
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	go func() {
		<-s.Ready()
		_, _ = fmt.Fprintln(out, childAddr+s.Addr().String())
	}()
	return s.Run(ctx)
}

// child runs a server in a process of its own, and h's calls go there.
func child(t *testing.T, h *servertest.House) (kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childData+"="+h.Config.DataDir,
		childSnyk+"="+h.Config.SnykEndpoints[snykstreamv1.Region_REGION_SNYK_US_01])
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), childAddr)
	if err != nil || !ok {
		t.Fatalf("the child said %q, %v", line, err)
	}
	h.Connect(address)
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// TestKilledAtAnyMoment: 3 000 records over eight kills at random moments arrive
// exactly once.
func TestKilledAtAnyMoment(t *testing.T) {
	const kills, records = 8, 3000
	h := servertest.Unstarted(t)
	h.Sim.Generate(h.Org.ID, snyksim.History{Records: records * 2 / 3})
	// Slow answers spread the reading over the kills.
	h.Sim.Inject(snyksim.Fault{Match: snyksim.Match{Kinds: []snyksim.Kind{snyksim.KindOrgAudit}}, Effect: snyksim.Delay(50 * time.Millisecond)})
	dice := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	r := h.NewReader()
	kill := child(t, h)
	h.Create("my-snyk")
	for i := range kills {
		h.Sim.Burst(h.Org.ID, records/3/kills)
		// Some kills come while events are being read, some long before.
		r.Until(func(r *servertest.Reader) bool { return len(r.Events) >= i*100 })
		moment := time.NewTimer(time.Duration(dice.IntN(1000)) * time.Millisecond)
		<-moment.C
		kill()
		t.Logf("killed with %d events read", len(r.Events))
		kill = child(t, h)
	}
	defer func() { kill() }()
	r.Until(servertest.Has(shown(h)))
	r.Exact(h.Sim.Emitted(h.Org.ID))
}
