package engine

import "errors"

// Broken returns why the store does nothing more until the process starts anew,
// nil while it works, as far as Fault has found. Unlike Writable it says nothing of
// what may pass, and it costs nothing.
func (e *Engine) Broken() error {
	if fault := e.fault.Load(); fault != nil {
		return *fault
	}
	if !e.server.server.JetStreamEnabled() {
		return errors.New("the store has stopped")
	}
	return nil
}
