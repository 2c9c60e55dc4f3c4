// Package floors holds the shape of the repository: which room may import
// which, and what lies at the top. It has tests only.
package floors
