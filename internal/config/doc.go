// Package config reads the server's settings from flags, from the environment
// and from a YAML file, in this order of precedence: a flag hides the variable,
// and the variable hides the file's key. A setting is one key in all three:
// --tls-cert, SNYKSTREAM_TLS_CERT and tls-cert. A list is replaced, not added to.
//
// Reading is strict. A key that is not known, a value that cannot be read, an
// empty value, and settings that contradict each other stop the start, all named
// in one error.
package config
