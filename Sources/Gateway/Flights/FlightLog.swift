import Core
import Wire

/// What a flight has brought so far, and how far each seat has read it. It knows no tasks and no time.
///
/// The log is whole up to ``wholeLimit`` bytes: whoever joins gets every part. The slowest seat does not hold the others up so
/// far. Behind it the log's beginning goes, nobody can join any more, and the slowest seat counts.
struct FlightLog: Sendable {
    /// One part of the stream.
    struct Entry: Sendable {
        let part: AnswerStream.Part
        /// Nothing but the usage: for those who asked for it.
        let isUsageOnly: Bool
        let bytes: Int
    }

    /// How far a seat has read.
    struct Position: Sendable {
        fileprivate var entry = 0
        fileprivate var bytes = 0
    }

    private var entries: [Entry] = []
    /// Entries that are no longer there.
    private var dropped = 0
    private var bytes = 0

    /// Up to here all is kept: more than any answer that the cache keeps.
    static let wholeLimit = 4 << 20
    /// How far the provider may be ahead of the quickest reader.
    static let window = 256 << 10
    /// Most parts that a reader gets at once.
    private static let batch = 256

    /// Whether a reader who joins now gets everything.
    var isWhole: Bool { dropped == 0 }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.bytes
    }

    /// Whether the provider is too far ahead of those who read.
    func isAhead(of readers: some Sequence<Position>) -> Bool {
        let positions = readers.map(\.bytes)
        guard let quickest = positions.max(), let slowest = positions.min() else { return false }
        return bytes - quickest > Self.window || bytes - slowest > Self.wholeLimit
    }

    /// Forgets what all have read, once the log has become too long to be kept whole.
    mutating func trim(for readers: some Sequence<Position>) {
        guard bytes > Self.wholeLimit, let slowest = readers.map(\.entry).min(), slowest > dropped else { return }
        entries.removeFirst(slowest - dropped)
        dropped = slowest
    }

    /// The parts from there on, a batch at most; empty where there are none yet.
    func read(from position: inout Position) -> ArraySlice<Entry> {
        let start = position.entry - dropped
        let found = entries[start..<min(entries.count, start + Self.batch)]
        position.entry += found.count
        position.bytes += found.reduce(0) { $0 + $1.bytes }
        return found
    }

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
