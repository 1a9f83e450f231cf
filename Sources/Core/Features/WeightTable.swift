/// Trained weights by feature: 2^bits rows of a few signed bytes, each lane with its own scale. What a lane means is its
/// owner's business: the weight for a class, or what the feature adds to a sum.
package struct WeightTable: Sendable, Equatable {
    /// The rows' count is 2^bits.
    package let bits: Int
    /// Bytes of a row: 1, 2, 4 or 8.
    package let lanes: Int
    /// What a lane's byte is multiplied by, lane by lane.
    package private(set) var scales: [Float]
    private(set) var bytes: [Int8]

    /// Takes rows one after the other; their sizes fit by the caller's word.
    package init(bits: Int, lanes: Int, scales: [Float], bytes: [Int8]) {
        precondition(bytes.count == lanes << bits && scales.count == lanes)
        self.bits = bits
        self.lanes = lanes
        self.scales = scales
        self.bytes = bytes
    }

    /// Rounds weights to bytes.
    ///
    /// - Parameters:
    ///   - weights: rows of `lanes` values, one after the other.
    ///   - kept: the share of the non-zero values of a lane that are represented without being cut down; the few beyond
    ///     would make all others coarse.
    package init(bits: Int, lanes: Int, rounding weights: [Float], kept: Double) {
        precondition(weights.count == lanes << bits)
        var scales: [Float] = []
        for lane in 0..<lanes {
            let sizes = stride(from: lane, to: weights.count, by: lanes).map { weights[$0].magnitude }.filter { $0 > 0 }.sorted()
            let place = Int((Double(sizes.count) * kept).rounded(.up))
            scales.append(sizes.isEmpty ? 1 : sizes[min(sizes.count, max(1, place)) - 1] / 127)
        }
        let bytes = weights.indices.map { index in
            Int8(min(127, max(-127, (weights[index] / scales[index % lanes]).rounded())))
        }
        self.init(bits: bits, lanes: lanes, scales: scales, bytes: bytes)
    }

    /// Writes a lane's bytes as they are, with a scale of 1.
    package mutating func setLane(_ lane: Int, _ byte: (Int) -> Int8) {
        scales[lane] = 1
        for row in 0..<(1 << bits) { bytes[row * lanes + lane] = byte(row) }
    }

    /// Hands the rows over for many look-ups.
    @inline(__always)
    package func withRows<Result>(_ body: (WeightRows) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(WeightRows(bits: bits, lanes: lanes, bytes: $0)) }
    }
}

/// The rows of a table, valid during the call that hands them over.
package struct WeightRows {
    private let bits: Int
    private let lanes: Int
    private let start: UnsafeRawPointer

    fileprivate init(bits: Int, lanes: Int, bytes: UnsafeBufferPointer<Int8>) {
        self.bits = bits
        self.lanes = lanes
        start = UnsafeRawPointer(bytes.baseAddress!)
    }

    package var count: Int { 1 << bits }

    /// The row of a feature.
    @inline(__always)
    package func row(of hash: UInt32) -> Int { FeatureHash.row(of: hash, bits: bits) }

    /// A row's bytes in a table of eight lanes.
    @inline(__always)
    package func eight(_ row: Int) -> SIMD8<Int32> {
        SIMD8(truncatingIfNeeded: start.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Int8>.self))
    }

    /// One byte of a row.
    @inline(__always)
    package func value(_ row: Int, lane: Int = 0) -> Int32 {
        Int32(start.loadUnaligned(fromByteOffset: row &* lanes &+ lane, as: Int8.self))
    }
}
