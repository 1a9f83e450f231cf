/// A table of comma-separated values with a header (RFC 4180): quoted fields may hold commas, quotes (doubled) and line feeds.
struct CSVTable {
    let header: [String]
    let rows: [[String]]

    init(_ bytes: [UInt8]) throws(CSVProblem) {
        var reader = CSVReader(bytes: bytes)
        guard let header = try reader.record() else { throw CSVProblem("it is empty; its first line must name the columns") }
        var rows: [[String]] = []
        while let row = try reader.record() {
            guard row.count == header.count else {
                throw CSVProblem("record \(rows.count + 2) has \(row.count) fields, the header \(header.count)")
            }
            rows.append(row)
        }
        self.header = header
        self.rows = rows
    }

    func column(_ name: String) throws(CSVProblem) -> Int {
        guard let column = header.firstIndex(of: name) else {
            throw CSVProblem("it has no column '\(name)' (only \(header.joined(separator: ", ")))")
        }
        return column
    }
}

/// Why a table cannot be read.
package struct CSVProblem: Error, CustomStringConvertible, Equatable {
    package let description: String

    init(_ description: String) { self.description = description }
}

private struct CSVReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The next record; nil behind the last one.
    mutating func record() throws(CSVProblem) -> [String]? {
        guard position < bytes.count else { return nil }
        var fields: [String] = []
        while true {
            fields.append(try field())
            guard position < bytes.count else { return fields }
            let end = bytes[position]
            position += 1
            if end == UInt8(ascii: ",") { continue }
            if end == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
            return fields
        }
    }

    private mutating func field() throws(CSVProblem) -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, ![UInt8(ascii: ","), 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte != UInt8(ascii: "\"") {
                text.append(byte)
            } else if position < bytes.count, bytes[position] == byte {
                text.append(byte)
                position += 1
            } else {
                return String(decoding: text, as: UTF8.self)
            }
        }
        throw CSVProblem("a quoted field does not end")
    }
}
