// Package registry keeps the sources and their sealed credentials in two
// JetStream key-value buckets.
//
// SNYKSTREAM_SOURCES has a record for each source id (stored.Source). Its
// revision is the etag, and every write compares it first. SNYKSTREAM_CREDENTIALS
// has a sealed credential under "<source id>/<ref>", where ref is fresh for each
// credential and named by the record that uses it.
//
// The two are never written in one step, so the order makes every crash harmless:
// the credential is stored before the record that names it, and erased after the
// record stopped naming it. What a crash leaves is then always a credential that
// no record names, which Open and Run erase. Erasing overwrites the bytes on the
// disk.
//
// A deleted source keeps its record, with the time and without its credential,
// until retention has taken its events: that is what reserves the id.
package registry
