import Core
import Gateway
import NIOCore
import Wire

/// What a caller wants forgotten: a body with exactly one of the fields, and who it belongs to where an admin says so.
struct InvalidationRequest: Sendable, Equatable {
    enum Field: String, Sendable, CaseIterable { case key, tag, user, session, agent, model, tenant, glob, all }

    let field: Field
    /// Empty for `all`.
    let value: String
    /// The tenant whose user, session or tag is meant; nil for the caller's.
    let owner: String?

    /// A tenant's name for itself.
    static let ownTenant = "self"

    init(_ body: ByteBuffer) throws(GatewayError) {
        guard body.readableBytes > 0 else { throw Self.missing() }
        let document: JSONDocument
        do { document = try JSONDocument(body) } catch {
            throw GatewayError(.invalidJSON, .client, "The body is no JSON: \(error.problem.rawValue), at byte \(error.offset).")
        }
        guard document.root.kind == .object else { throw Self.missing() }
        var found: (field: Field, value: JSONValue)?
        var owner: String?
        for member in document.root.children {
            let name = member.key ?? ""
            if name == "of" {
                owner = try Self.text(member, "of")
            } else if let field = Field(rawValue: name) {
                if let found {
                    throw .invalid(name, "There is '\(found.field.rawValue)' already, and '\(name)' as well: send one of them.")
                }
                found = (field, member)
            } else {
                throw .invalid(String(name.prefix(100)), "There is no field '\(name.prefix(100))'. \(Self.choice)")
            }
        }
        guard let found else { throw Self.missing() }
        if owner != nil, ![.tag, .user, .session].contains(found.field) {
            throw .invalid("of", "'of' names the tenant of a 'tag', 'user' or 'session'; '\(found.field.rawValue)' has none.")
        }
        field = found.field
        value = try Self.value(found.value, of: found.field)
        self.owner = owner
    }

    private static func value(_ value: JSONValue, of field: Field) throws(GatewayError) -> String {
        guard field == .all else { return try text(value, field.rawValue) }
        guard value.bool == true else { throw .invalid("all", "'all' must be true.") }
        return ""
    }

    private static func text(_ value: JSONValue, _ name: String) throws(GatewayError) -> String {
        guard let text = value.string, !text.isEmpty else { throw .invalid(name, "'\(name)' must be text, and not empty.") }
        guard text.utf8.count <= CacheTag.nameLimit else {
            throw .invalid(name, "'\(name)' must be at most \(CacheTag.nameLimit) bytes.")
        }
        return text
    }

    private static let choice =
        "Send one of \(Field.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))."

    private static func missing() -> GatewayError { .missing("tag", "Say what is to be forgotten. \(choice)") }

    /// The field with which it reaches further than this tenant's own answers; nil where it does not.
    func fieldBeyond(tenant: String) -> String? {
        switch field {
        case .tag, .user, .session: owner == nil || owner == Self.ownTenant || owner == tenant ? nil : "of"
        case .tenant: value == Self.ownTenant || value == tenant ? nil : field.rawValue
        case .key, .agent, .model, .glob, .all: field.rawValue
        }
    }

    /// The tenant that is to be forgotten; nil where something else is.
    ///
    /// - Parameter tenant: the caller's own.
    func tenant(of tenant: String) -> String? {
        field == .tenant ? (value == Self.ownTenant ? tenant : value) : nil
    }

    /// - Parameter tenant: the caller's own.
    func invalidation(tenant: String) throws(GatewayError) -> CacheInvalidation {
        func named(_ name: String) -> String { name == Self.ownTenant ? tenant : name }
        let owner = named(owner ?? tenant)
        switch field {
        case .key: return .key(value)
        case .tag: return .tag(.own(value, of: owner))
        case .user: return .tag(.user(value, of: owner))
        case .session: return .tag(.session(value, of: owner))
        case .agent: return .tag(.agent(value))
        case .model: return .tag(.model(value))
        case .tenant: return .tag(.tenant(named(value)))
        case .glob:
            guard let glob = Glob(value) else {
                throw .invalid("glob", "'glob' must be at most \(Glob.patternLimit) bytes.")
            }
            return .keys(glob)
        case .all: return .everything
        }
    }

    /// For the audit log.
    var details: [(name: String, value: String)] {
        [("by", field.rawValue)] + (field == .all ? [] : [("value", value)]) + (owner.map { [("of", $0)] } ?? [])
    }
}
