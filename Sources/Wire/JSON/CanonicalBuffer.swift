/// The bytes of a canonical form while it is written. Plain memory: keys are made on the way of every request, and most of what
/// is written are single bytes and lengths.
struct CanonicalBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// What was written, as long as the buffer lives and is not written to.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    // MARK: Writing

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        let larger = max(capacity * 2, count + more)
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        copy.update(from: base, count: count)
        base.deallocate()
        (base, capacity) = (copy, larger)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Lets `fill` write at most `limit` bytes and say how many it wrote.
    mutating func append(atMost limit: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(limit)
        count += fill(base + count)
    }

    /// Lets `shorten` change all bytes from `start` on and say how many are left of them.
    mutating func rewrite(from start: Int, _ shorten: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        count = start + shorten(UnsafeMutableBufferPointer(start: base + start, count: count - start))
    }

    /// Replaces everything from `start` on.
    mutating func replace(from start: Int, with bytes: [UInt8]) {
        count = start
        bytes.withUnsafeBytes { append($0) }
    }

    // MARK: Frames

    /// Begins a tag, a length of four bytes and as many bytes; ``end(_:)`` fills the length in. Where the bytes begin.
    @inline(__always)
    mutating func begin(_ tag: UInt8) -> Int {
        reserve(5)
        base[count] = tag
        count += 5
        return count
    }

    @inline(__always)
    mutating func end(_ start: Int) {
        UnsafeMutableRawPointer(base + start - 4).storeBytes(of: UInt32(count - start).bigEndian, as: UInt32.self)
    }
}
