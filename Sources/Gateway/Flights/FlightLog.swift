import Core
import Wire

/// What a flight has brought so far. It knows no tasks and no time.
///
/// The log is whole up to ``wholeLimit`` bytes: whoever joins gets every part, and a slow reader holds nobody up. Behind it the
/// log's beginning goes, and a reader who is still there is lost: the quickest one alone sets the pace.
struct FlightLog<Part: Sendable>: Sendable {
    /// One part of the stream.
    struct Entry: Sendable {
        let part: Part
        /// Nothing but the usage: for those who asked for it.
        let isUsageOnly: Bool
        /// What it takes, about.
        let bytes: Int
    }

    /// How far a reader has read.
    struct Position: Sendable {
        fileprivate var entry = 0
        fileprivate var bytes = 0
    }

    fileprivate var entries: [Entry] = []
    /// Entries that are no longer there, and their bytes.
    private var dropped = 0
    private var droppedBytes = 0
    /// Of all entries, and of those that somebody has read.
    private var bytes = 0
    private var readBytes = 0

    /// Up to here all is kept: more than any answer that the cache keeps.
    static var wholeLimit: Int { 4 << 20 }
    /// How far the provider may be ahead of the quickest reader.
    static var window: Int { 256 << 10 }
    /// Most parts that a reader gets at once.
    private static var batch: Int { 256 }

    /// Whether a reader who joins now gets everything.
    var isWhole: Bool { dropped == 0 }

    /// Bytes that are held.
    var size: Int { bytes - droppedBytes }

    /// Whether the provider is too far ahead of all who read. They are not counted: where the quickest one has left, the others
    /// come to where it was.
    var isAhead: Bool { bytes - readBytes > Self.window }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.bytes
        // Many at once: each time the rest moves up.
        if size > Self.wholeLimit + Self.window { drop { $0.size > Self.wholeLimit } }
    }

    /// Forgets what all of these have read: nobody can join any more.
    mutating func forget(readBy readers: some Sequence<Position>) {
        guard let slowest = readers.map(\.entry).min() else { return }
        drop { $0.dropped < slowest }
    }

    private mutating func drop(while isWanted: (Self) -> Bool) {
        var count = 0
        while count < entries.count, isWanted(self) {
            droppedBytes += entries[count].bytes
            dropped += 1
            count += 1
        }
        entries.removeFirst(count)
    }

    /// Whether there is more behind a position, or what came there is gone.
    func hasNews(behind position: Position) -> Bool { position.entry < dropped + entries.count }

    /// The parts from there on, a batch at most; empty where there are none yet, nil where they are gone.
    mutating func read(from position: inout Position) -> [Entry]? {
        let start = position.entry - dropped
        guard start >= 0 else { return nil }
        // A copy: with a slice of it alive, the next append would copy the whole log.
        let found = Array(entries[start..<min(entries.count, start + Self.batch)])
        position.entry += found.count
        position.bytes += found.reduce(0) { $0 + $1.bytes }
        readBytes = max(readBytes, position.bytes)
        return found
    }
}

extension FlightLog<AnswerStream.Part> {
    /// The payloads of all chunks; nil where some are gone.
    var chunks: [SSEEvent]? {
        guard isWhole else { return nil }
        var chunks: [SSEEvent] = []
        for entry in entries {
            if case .events(let events) = entry.part { chunks += events }
        }
        return chunks
    }
}
