// Package recorder writes down calls: one WAV file a call, left what the
// citizen said, right what the citizen heard, both on the time axis of the
// call.
//
// A file is <folder>/<day>/<contact>.wav.open while the call lasts and loses
// the .open at its end. It is A-law (format 6), 8 kHz, two channels, 16 KB/s.
// What was recorded is written twice a second together with a header that is
// right for it, so that a crash leaves a file that plays; the next start gives
// it its name (CloseOrphans).
//
// While a call lasts its file is not synced: what was written survives the
// death of the process, and a loss of power takes what the kernel had not yet
// written back (30 s by its default). At the end the file is synced before it
// gets its name.
//
// One goroutine writes for all calls; nothing in the path of the audio waits
// for the disk. A disk that is full or stands still costs audio of the
// recording, never of the call.
package recorder
