package engine

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

// ErrNoRoom says that the disk is too full to write. It passes when there is room.
var ErrNoRoom = errors.New("the disk that the data folder is on is almost full: make room")

// Explain is what callers may be told of an error of the store: what they can do
// about it, or else what the caller of Explain says.
func Explain(err error, otherwise string) string {
	if errors.Is(err, ErrNoRoom) {
		return ErrNoRoom.Error()
	}
	return otherwise
}

// Writable returns why the store takes no writes now, nil if it does: too little
// room on the disk, which may pass, or a store that has given up, as far as Fault
// has found. It is cheap enough to be asked before every write.
func (e *Engine) Writable() error {
	if fault := e.fault.Load(); fault != nil {
		return *fault
	}
	if !e.server.server.JetStreamEnabled() {
		return errors.New("the store has stopped")
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(e.cfg.DataDir, &disk); err != nil {
		return fmt.Errorf("asking for the room in %s: %w", e.cfg.DataDir, err)
	}
	//nolint:gosec // the field's type differs between systems; a block's size is positive
	if free := disk.Bavail * uint64(disk.Bsize); free < e.cfg.Reserve {
		return fmt.Errorf("data folder %s has %d MiB left, less than the %d MiB kept free: %w",
			e.cfg.DataDir, free>>20, e.cfg.Reserve>>20, ErrNoRoom)
	}
	return nil
}

// Fault looks for an error that made the store give up on a stream, such as a
// failed write: nil if there is none. The store does not write to that stream
// again until the process starts anew, and Writable says so from then on. It
// costs a look at the disk: ask when a write was not answered.
func (e *Engine) Fault(stream string) error {
	if !e.server.server.JetStreamEnabled() {
		return errors.New("the store has stopped")
	}
	const account = "$G"
	status := e.server.server.Healthz(&server.HealthzOptions{Account: account, Stream: stream})
	if status == nil || status.Error == "" {
		return nil
	}
	err := fmt.Errorf("the store in %s has given up: %s; it goes on after a restart", filepath.Clean(e.cfg.DataDir), status.Error)
	e.fault.Store(&err)
	return err
}
