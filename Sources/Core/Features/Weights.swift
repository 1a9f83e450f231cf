/// What a training leaves behind: a table, and how its sums become probabilities.
///
/// As a file, little-endian: `QWEIGHTS`, format (UInt16), bits and lanes (UInt8 each), kind, labels, notes, biases,
/// temperature, scales, the table's bytes, and a checksum of all before it. Texts are a UInt16 of length and UTF-8;
/// lists a UInt16 of count and their elements.
package struct Weights: Sendable, Equatable {
    /// What the weights are for, such as `agents`.
    package var kind: String
    /// What the first lanes speak for, in the order of the lanes.
    package var labels: [String]
    /// What the owner must know of the training, such as the digest of a profile by `profile/<id>`.
    package var notes: [String: String]
    /// Added to each label's sum.
    package var biases: [Float]
    /// What sums are divided by before they become probabilities.
    package var temperature: Float
    package var table: WeightTable

    package init(
        kind: String, labels: [String], notes: [String: String], biases: [Float], temperature: Float, table: WeightTable
    ) {
        self.kind = kind
        self.labels = labels
        self.notes = notes
        self.biases = biases
        self.temperature = temperature
        self.table = table
    }

    static let magic: StaticString = "QWEIGHTS"
    static let format: UInt16 = 1
    /// Most bits of a table: a file is never larger than 32 MB.
    static let bitLimit = 22

    /// The file's bytes.
    package func encoded() -> [UInt8] {
        var writer = WeightsWriter()
        writer.bytes += Self.magic.withUTF8Buffer(Array.init)
        writer.integer(Self.format)
        writer.integer(UInt8(table.bits))
        writer.integer(UInt8(table.lanes))
        writer.text(kind)
        writer.list(labels) { $0.text($1) }
        writer.list(notes.sorted { $0.key < $1.key }) {
            $0.text($1.key)
            $0.text($1.value)
        }
        writer.list(biases) { $0.number($1) }
        writer.number(temperature)
        writer.list(table.scales) { $0.number($1) }
        writer.bytes += table.bytes.lazy.map { UInt8(bitPattern: $0) }
        writer.integer(WeightsChecksum.of(writer.bytes[...]))
        return writer.bytes
    }

    /// Reads a file's bytes.
    ///
    /// - Parameter kind: what the weights must be for.
    package init(decoding file: [UInt8], kind: String) throws(WeightsProblem) {
        let magic = Self.magic.withUTF8Buffer(Array.init)
        guard file.starts(with: magic) else { throw WeightsProblem("are no file of weights") }
        guard file.count > magic.count + 8 else { throw .cut }
        var reader = WeightsReader(file[magic.count..<(file.count - 8)])
        let format = try reader.integer(UInt16.self)
        guard format == Self.format else {
            throw WeightsProblem("are in format \(format), and this Quintet reads format \(Self.format)")
        }
        var end = WeightsReader(file[(file.count - 8)...])
        guard try end.integer(UInt64.self) == WeightsChecksum.of(file[..<(file.count - 8)]) else {
            throw WeightsProblem("are damaged or cut short (their checksum differs)")
        }
        let bits = Int(try reader.integer(UInt8.self))
        let lanes = Int(try reader.integer(UInt8.self))
        guard (6...Self.bitLimit).contains(bits), [1, 2, 4, 8].contains(lanes) else {
            throw WeightsProblem("have an impossible size (2^\(bits) rows of \(lanes) bytes)")
        }
        let found = try reader.text()
        guard found == kind else { throw WeightsProblem("are for '\(found)', not for '\(kind)'") }
        let labels = try reader.list { (reader: inout WeightsReader) throws(WeightsProblem) in try reader.text() }
        let notes = try reader.list { (reader: inout WeightsReader) throws(WeightsProblem) in
            (try reader.text(), try reader.text())
        }
        let biases = try reader.list { (reader: inout WeightsReader) throws(WeightsProblem) in try reader.number() }
        let temperature = try reader.number()
        let scales = try reader.list { (reader: inout WeightsReader) throws(WeightsProblem) in try reader.number() }
        let bytes = try reader.rest(lanes << bits)
        guard labels.count == biases.count, labels.count <= lanes, scales.count == lanes, temperature > 0 else {
            throw WeightsProblem("contradict themselves (\(labels.count) labels, \(biases.count) biases, \(lanes) lanes)")
        }
        self.init(
            kind: kind, labels: labels, notes: Dictionary(notes) { first, _ in first }, biases: biases,
            temperature: temperature,
            table: WeightTable(bits: bits, lanes: lanes, scales: scales, bytes: bytes.withUnsafeBytes { Array($0.bindMemory(to: Int8.self)) }))
    }
}

/// Why weights cannot be used; goes on from "the weights".
package struct WeightsProblem: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    static let cut = WeightsProblem("are cut short")
}
