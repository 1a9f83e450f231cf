package import Core
package import NIOCore

/// `GET /v1/models`: everything that a caller can put into `model`.
package enum ModelList {
    /// What can be asked for: `auto`, `team`, an agent each, and the models that are on.
    ///
    /// - Parameter created: seconds since 1970, for clients that require the field: when the catalogue was read.
    package static func all(_ catalogue: Catalogue, created: Int) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("object")
                $0.string("list")
                $0.key("data")
                $0.array {
                    for name in virtualNames(catalogue) { $0.entry(name, ownedBy: "quintet", created: created) }
                    for model in catalogue.liveModels { $0.entry(model.name, ownedBy: model.ownedBy, created: created) }
                }
            }
        }
    }

    /// One entry; nil for a name that cannot be asked for.
    package static func one(_ name: String, _ catalogue: Catalogue, created: Int) -> ByteBuffer? {
        let owner =
            virtualNames(catalogue).contains(name)
            ? "quintet" : catalogue.model(name).flatMap { $0.isLive ? $0.ownedBy : nil }
        return owner.map { owner in JSONWriter.text { $0.entry(name, ownedBy: owner, created: created) } }
    }

    private static func virtualNames(_ catalogue: Catalogue) -> [String] {
        ["auto", TeamRequest.modelName] + catalogue.agents.map { "agent/\($0.id)" }
    }
}

extension JSONWriter {
    fileprivate mutating func entry(_ id: String, ownedBy: String, created: Int) {
        object {
            $0.key("id")
            $0.string(id)
            $0.key("object")
            $0.string("model")
            $0.key("created")
            $0.integer(created)
            $0.key("owned_by")
            $0.string(ownedBy)
        }
    }
}
