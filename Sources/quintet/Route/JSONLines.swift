import Foundation
import Settings

/// What a line of a file must be.
protocol JSONLine: Decodable {
    /// Such as `{"text": …}`.
    static var shape: String { get }
}

/// Files with a JSON object a line.
enum JSONLines {
    /// All lines but empty ones; an error names the line.
    static func read<Line: JSONLine>(_: Line.Type, from path: String) throws(ConfigurationError) -> [Line] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(path, "there is no such file that can be read.")
        }
        let decoder = JSONDecoder()
        var lines: [Line] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            do {
                lines.append(try decoder.decode(Line.self, from: Data(line)))
            } catch {
                throw ConfigurationError("\(path):\(index + 1)", "must be \(Line.shape).")
            }
        }
        return lines
    }
}
