import Foundation
import Yams

/// A Markdown file's YAML between two lines of `---`, and what follows it.
struct FrontMatter {
    let values: ConfigurationValue
    let body: String

    private static let shape = "Begin with a line ---, then id:, name: and so on, another line ---, and the prompt."
    /// Lines of YAML; agents have ten.
    private static let limit = 500

    init(_ text: String, file: String) throws(ConfigurationError) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        guard let first = lines.first, Self.isFence(first) else {
            throw ConfigurationError(file, at: "line 1", "there is no front matter. \(Self.shape)")
        }
        guard let end = lines.dropFirst().prefix(Self.limit).firstIndex(where: Self.isFence) else {
            throw ConfigurationError(file, at: "line 1", "the front matter is never closed by a line ---. \(Self.shape)")
        }
        // The empty line stands for the first fence, so that YAML's line numbers are the file's.
        values = try Self.parse("\n" + lines[1..<end].joined(separator: "\n") + "\n", file: file)
        body = lines[(end + 1)...].joined(separator: "\n")
    }

    private static func isFence(_ line: Substring) -> Bool {
        line.hasPrefix("---") && line.dropFirst(3).allSatisfy(\.isWhitespace)
    }

    private static func parse(_ yaml: String, file: String) throws(ConfigurationError) -> ConfigurationValue {
        do {
            return try Yams.compose(yaml: yaml).map { ConfigurationValue($0, depth: 0) } ?? .object([])
        } catch {
            throw problem(error, file: file)
        }
    }

    private static func problem(_ error: any Error, file: String) -> ConfigurationError {
        let mend = "Text with a colon or another special character stands between quotes."
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let place = "line \(mark.line), column \(mark.column)"
            return ConfigurationError(file, at: place, "is no YAML: \(problem). \(mend)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "'\($0)'" }.joined(separator: ", ")
            let place = "line \(context.mark.line)"
            return ConfigurationError(file, at: place, "\(names) stands here twice. Remove one of the two.")
        default:
            return ConfigurationError(file, "its front matter is no YAML. \(mend)")
        }
    }
}

extension ConfigurationValue {
    /// Front matter is keys with scalars or lists of scalars; what lies deeper stays unread, however much aliases repeat it.
    fileprivate init(_ node: Node, depth: Int) {
        switch node {
        case .scalar(let scalar):
            // A block of YAML ends in a line break, which is no part of what was meant.
            self = Self.scalar(scalar.string.trimmingCharacters(in: .whitespacesAndNewlines), tag: node.tag)
        case .sequence(let elements):
            self = .array(depth < 2 ? elements.map { ConfigurationValue($0, depth: depth + 1) } : [])
        case .mapping(let mapping):
            let members = depth < 1 ? Array(mapping) : []
            self = .object(members.map { ($0.key.string ?? "", ConfigurationValue($0.value, depth: depth + 1)) })
        case .alias: self = .null
        }
    }

    private static func scalar(_ text: String, tag: Tag) -> ConfigurationValue {
        if tag == Tag(.null) { return .null }
        if tag == Tag(.bool) { return .boolean(["true", "yes", "on", "y"].contains(text.lowercased())) }
        if tag == Tag(.int) || tag == Tag(.float), let number = Double(text) { return .number(number) }
        return .text(text)
    }
}
