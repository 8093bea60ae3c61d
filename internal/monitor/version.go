package monitor

// Version is trainwatch's own, as it stands on every event.
const Version = "0.1.0"
