// Package server puts the rooms together: it is the only place that knows them
// all. New builds and binds, Run serves until its context ends and then drains.
package server
