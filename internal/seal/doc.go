// Package seal keeps credentials at rest so that a copy of the data folder alone
// tells nothing.
//
// It is an envelope: each credential is encrypted with a data key of its own
// (AES-256-GCM), and the data key with a sealing key from the key file. Both
// carry, as associated data, the source and the reference the credential belongs
// to and the format's version, so that a blob moved to another source does not
// open. Destroying a blob destroys its data key.
//
// # The key file
//
// A text file that only its owner can read. Each line is a key: 32 random bytes
// in standard base64. Empty lines and lines that start with # are ignored. The
// first key seals; the others only open what they sealed before. To rotate, put
// a new first line in, keep the old one below it, and take that one away once
// every source has been given its credentials again.
//
//	head -c 32 /dev/urandom | base64
//
// makes a line. A key is known in blobs by an id derived from it, so the order
// of the lines and the comments may change freely.
package seal
