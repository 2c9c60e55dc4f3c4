// Package health turns what the collectors report into the states and alarms
// that callers see.
//
// # The state of a source
//
// A source has the most pressing state that applies, by this rule:
//
//   - PAUSED goes before everything else.
//   - A feed that was found in the group and may not be read (NOT_ENTITLED) does not
//     count: whoever asked for all organizations asked for those that can be read. A
//     warning names it. Where nothing else is there to read, the source is
//     NOT_ENTITLED.
//   - AUTH_FAILED and RATE_LIMITED concern the credential. The source has them while
//     a feed has them and no other feed was read to its end since; otherwise the
//     trouble is the feed's own, and it counts as one that fails.
//   - What keeps feeds from being found, such as a group whose organizations cannot
//     be listed, counts as a feed that fails.
//   - Where every feed that counts fails, the source has the most pressing of their
//     states; where some fail, it is DEGRADED.
//   - A feed is LAGGING where no poll was complete for two intervals and a minute, or
//     since its reader began, and a group's also where its log waits for others.
//   - Where none fails, it is LAGGING as soon as one feed is, PENDING while none was
//     polled yet, BACKFILLING while one is or waits for its first poll, else HEALTHY.
package health
