package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// childRole names the part that a process of its own plays. It is a variable and no
// flag, so that a test's binary can play it too.
const childRole = "SNYKSTREAM_BENCH_ROLE"

// childProfile is the file that a child's CPU profile goes to, with its role behind.
const childProfile = "SNYKSTREAM_BENCH_PROFILE"

// roles are the parts. Each reads its orders from the first line of in, says on out
// how far it is, and ends with in or ctx.
var roles = map[string]func(ctx context.Context, orders orders, in *bufio.Reader, out io.Writer) error{
	"subscribe": subscribeAsChild,
	"collect":   collectAsChild,
	"fetch":     fetchAsChild,
	"fill":      fillAsChild,
	"serve":     serveAsChild,
	"engine":    engineAsChild,
}

// orders are what a child is to do. Which of them count depends on its role.
type orders struct {
	Dir         string `json:"dir,omitempty"`
	Events      int    `json:"events,omitempty"`
	Address     string `json:"address,omitempty"`
	Connections int    `json:"connections,omitempty"`
	Streams     int    `json:"streams,omitempty"`
	// Replay has the streams read from the beginning over and over, else they wait
	// for what is new.
	Replay bool `json:"replay,omitempty"`
	// Pool is what a bare server is to send.
	Pool string `json:"pool,omitempty"`
	// URL is where the simulated Snyk is, Token what it takes, First when its first
	// record was made.
	URL   string    `json:"url,omitempty"`
	Token string    `json:"token,omitempty"`
	First time.Time `json:"first,omitzero"`
}

func runChild(ctx context.Context, role string, in io.Reader, out io.Writer) (err error) {
	play := roles[role]
	if play == nil {
		return fmt.Errorf("unknown role %q", role)
	}
	lines := bufio.NewReader(in)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	var given orders
	if err := json.Unmarshal(first, &given); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	if file := os.Getenv(childProfile); file != "" {
		stop, err := profile(file + "." + role)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return play(ctx, given, lines, out)
}

// child is a process that plays a part.
type child struct {
	command *exec.Cmd
	orders  io.WriteCloser
	lines   *bufio.Reader
}

// spawn starts this program again, in a role.
func spawn(ctx context.Context, role string, given orders) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.CommandContext(ctx, self)} //nolint:gosec // it is this program
	c.command.Env = append(os.Environ(), childRole+"="+role)
	c.command.Stderr = os.Stderr
	if c.orders, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.lines = bufio.NewReader(out)
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start a process for %s: %w", role, err)
	}
	text, err := json.Marshal(given)
	if err == nil {
		err = c.tell(string(text))
	}
	if err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// tell gives the child a line.
func (c *child) tell(line string) error {
	_, err := io.WriteString(c.orders, line+"\n")
	return err
}

// await waits for a line that starts with what, and returns the rest of it.
func (c *child) await(what string) (string, error) {
	line, err := c.lines.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("a child process ended before it said %q: %w", what, errors.Join(err, c.command.Wait()))
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), what)
	if !ok {
		c.kill()
		return "", fmt.Errorf("a child process said %q, not %q", line, what)
	}
	return strings.TrimSpace(rest), nil
}

// end tells the child to end, and waits until it has.
func (c *child) end() error {
	_ = c.orders.Close()
	return c.command.Wait()
}

// kill ends the child as kill -9 does.
func (c *child) kill() {
	_ = c.command.Process.Kill()
	_ = c.command.Wait()
}

// say writes a line to the parent.
func say(out io.Writer, words ...any) error {
	_, err := fmt.Fprintln(out, words...)
	return err
}

// untilEnd waits until the parent closes in, or is gone.
func untilEnd(in io.Reader) {
	_, _ = io.Copy(io.Discard, in)
}
