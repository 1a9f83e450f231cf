/// Collects the problems of one reading, so that they are all told at once.
final class ProblemLog {
    /// The file that is read, as it is named in problems.
    let file: String
    private var problems: [ConfigurationError.Problem] = []
    /// A file of the wrong kind altogether must not fill the memory with complaints.
    private static let limit = 1000

    init(file: String) { self.file = file }

    /// A problem of the file, or of another place.
    func note(in place: String? = nil, at position: String?, _ message: String) {
        if problems.count < Self.limit { problems.append(.init(place ?? file, at: position, message)) }
    }

    /// The problems of a reading within this one.
    func note(_ error: ConfigurationError) {
        problems += error.problems.prefix(Self.limit - problems.count)
    }

    /// Throws when there was any problem: values read so far are placeholders then.
    func check() throws(ConfigurationError) {
        if let error = ConfigurationError(problems) { throw error }
    }
}
