/// What is wrong with flags, variables and files, for the person who mends it: all problems of a file at once, a line each.
///
/// No message holds a secret, nor a value that could be one put in the wrong place.
package struct ConfigurationError: Error, Sendable, Equatable {
    /// One thing to mend: `models.json: models.fast-one.quality: must be a whole number from 0 to 100, not 101.`
    package struct Problem: Sendable, Equatable {
        /// A file, a flag or a variable.
        package let place: String
        /// Where in a file: a key path or a line; nil for the place as a whole.
        package let position: String?
        /// What is wrong and how to mend it.
        package let message: String

        package init(_ place: String, at position: String? = nil, _ message: String) {
            self.place = place.oneLine(limit: 1000)
            self.position = position?.oneLine(limit: 300)
            self.message = message.oneLine(limit: 1000)
        }
    }

    /// At least one, in the order in which they were found.
    package let problems: [Problem]
    /// Problems that are printed; the rest is only counted.
    package static let printLimit = 20

    /// nil when there is nothing to complain about.
    package init?(_ problems: [Problem]) {
        guard !problems.isEmpty else { return nil }
        self.problems = problems
    }

    /// For a file, flag or variable as a whole.
    package init(_ place: String, at position: String? = nil, _ message: String) {
        problems = [Problem(place, at: position, message)]
    }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    package var description: String { [place, position, message].compactMap(\.self).joined(separator: ": ") }
}

extension ConfigurationError: CustomStringConvertible {
    package var description: String {
        var lines = problems.prefix(Self.printLimit).map(\.description)
        let rest = problems.count - lines.count
        if rest > 0 { lines.append("… and \(rest) more \(rest == 1 ? "problem" : "problems").") }
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// Fit for one line of a terminal: without control characters, and cut to `limit` code points.
    fileprivate func oneLine(limit: Int) -> String {
        var line = UnicodeScalarView()
        for scalar in unicodeScalars.prefix(limit) {
            let isControl = scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            line.append(isControl ? "\u{FFFD}" : scalar)
        }
        if unicodeScalars.count > limit { line.append("…") }
        return String(line)
    }
}
