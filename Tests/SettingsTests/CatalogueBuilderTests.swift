import CWeights
import Core
import Settings
import Testing

@Suite struct CatalogueBuilderTests {
    private static let file = try! ModelsFile.parse(
        """
        {"providers": {"openai": {"base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY", "max_in_flight": 7,
                                  "assistant_prefill": {"echoes": true}},
                       "ollama": {"base_url": "http://127.0.0.1:11434/v1", "enabled_env": "QUINTET_OLLAMA"},
                       "both": {"base_url": "https://h", "api_key_env": "BOTH_KEY", "enabled_env": "BOTH_ON"},
                       "local": {"base_url": "http://127.0.0.1:1/v1"}},
         "models": {"z": {"deployments": [{"provider": "openai", "model": "m"}, {"provider": "local", "model": "m", "weight": 2}]},
                    "a": {"deployments": [{"provider": "openai", "model": "m"}], "fallbacks": ["z"], "quality": 80, "max_input_tokens": 9,
                          "supports_assistant_prefill": true},
                    "b": {"deployments": [{"provider": "ollama", "model": "x/y"}, {"provider": "openai", "model": "m"}]}},
         "policy": {"max_attempts": 3}}
        """, path: "models.json")

    private func agent(_ id: String) -> Agent {
        Agent(
            id: id, name: id, role: id, description: id, keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: id)
    }

    private func build(
        _ environment: [String: String] = [:], adding additions: [CatalogueBuilder.Addition] = []
    ) throws(ConfigurationError) -> (catalogue: Catalogue, keys: [String: Secret]) {
        try CatalogueBuilder.build(
            models: Self.file, agents: [agent("sage"), agent("dev")], environment: environment, adding: additions)
    }

    @Test func numbersModelsAndDeploymentsInTheOrderOfNames() throws {
        let catalogue = try build().catalogue
        #expect(catalogue.providers.map(\.id) == ["both", "local", "ollama", "openai"])
        #expect(catalogue.models.map(\.name) == ["a", "b", "z"])
        #expect(catalogue.models.map(\.index) == [0, 1, 2])
        #expect(catalogue.deployments.map(\.index) == [0, 1, 2, 3, 4])
        #expect(catalogue.deployments.map(\.id) == ["openai/m", "ollama/x/y", "openai/m#2", "openai/m#3", "local/m"])
        #expect(catalogue.deployments.map(\.weight) == [1, 1, 1, 1, 2])
        #expect(catalogue.agents.map(\.id) == ["dev", "sage"])
        #expect(catalogue.policy.attemptLimit == 3)
    }

    @Test func carriesWhatTheFileSays() throws {
        let catalogue = try build(["OPENAI_API_KEY": "k"]).catalogue
        #expect(
            catalogue.provider("openai")
                == Provider(
                    id: "openai", api: .openai, baseURL: "https://api.openai.com/v1", keyVariables: ["OPENAI_API_KEY"],
                    switchVariable: nil, acceptsStreamOptions: true, outputLimitField: .maxTokens, inFlightLimit: 7, state: .on,
                    accesses: [.init(id: "openai", keyVariable: "OPENAI_API_KEY")], prefill: Provider.Prefill(isEchoed: true))
        )
        #expect(
            catalogue.model("a")
                == Model(
                    index: 0, name: "a",
                    deployments: [
                        Deployment(
                            index: 0, id: "openai/m", provider: "openai", keyVariable: "OPENAI_API_KEY", modelName: "m",
                            weight: 1, isLive: true)
                    ],
                    fallbacks: ["z"], quality: 80, tier: .complex, inputWindow: 9, outputWindow: nil,
                    abilities: [.tools, .responseSchema], acceptsSampling: true, price: nil, timeouts: Timeouts(),
                    ownedBy: "openai", acceptsPrefill: true))
    }

    @Test func saysWhatToSetForAProviderThatIsOff() throws {
        let catalogue = try build(["OPENAI_API_KEY": ""]).catalogue
        #expect(catalogue.provider("openai")?.state == .off(mend: "set OPENAI_API_KEY"))
        #expect(catalogue.provider("ollama")?.state == .off(mend: "set QUINTET_OLLAMA=1"))
        #expect(catalogue.provider("both")?.state == .off(mend: "set BOTH_KEY and set BOTH_ON=1"))
        #expect(catalogue.provider("local")?.state == .on)
        #expect(try build(["BOTH_ON": "1"]).catalogue.provider("both")?.state == .off(mend: "set BOTH_KEY"))
    }

    @Test func keepsModelsThatCannotBeCalled() throws {
        let catalogue = try build().catalogue
        #expect(catalogue.model("a")?.isLive == false)
        #expect(catalogue.model("b")?.isLive == false)
        #expect(catalogue.model("z")?.deployments.map(\.isLive) == [false, true])
        #expect(catalogue.liveModels.map(\.name) == ["z"])
    }

    @Test(arguments: [
        ("1", true), ("true", true), ("YES", true), ("on", true), ("0", false), ("false", false), ("off", false), ("", false),
    ])
    func switchesTurnProvidersOn(value: String, isOn: Bool) throws {
        #expect(try build(["QUINTET_OLLAMA": value]).catalogue.provider("ollama")?.isOn == isOn)
    }

    @Test func aSwitchIsOnOrOff() {
        #expect(
            complaints(try build(["QUINTET_OLLAMA": "http://canary"])) == [
                "QUINTET_OLLAMA: must be 1 or 0: it turns the provider 'ollama' on or off."
            ])
    }

    @Test func handsOutTheKeysOfProvidersThatAreOn() throws {
        let keys = try build(["OPENAI_API_KEY": "sk-1", "BOTH_KEY": "sk-2"]).keys
        #expect(keys.mapValues { $0.reveal() } == ["openai": "sk-1"])
        #expect(try build(["BOTH_KEY": "sk-2", "BOTH_ON": "1"]).keys.mapValues { $0.reveal() } == ["both": "sk-2"])
    }

    @Test(arguments: ["canary\n", " canary", "can\r\nary: 1", "canary\u{2019}"])
    func refusesKeysThatNoHeaderCanHoldWithoutShowingThem(key: String) {
        let found = complaints(try build(["OPENAI_API_KEY": key, "QUINTET_OLLAMA": "maybe"]))
        #expect(found.count == 2)
        #expect(found.contains { $0.hasPrefix("OPENAI_API_KEY: ") })
        #expect(!found.joined().contains("ary"))
    }

    // MARK: Several keys

    private func threeKeys(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> (catalogue: Catalogue, keys: [String: Secret]) {
        let file = try ModelsFile.parse(
            ModelsFileTests.file().replacing(#""OPENAI_API_KEY""#, with: #"["KEY_A", "KEY_B", "KEY_C"]"#), path: "models.json")
        return try CatalogueBuilder.build(models: file, agents: [], environment: environment)
    }

    @Test func eachKeyIsADeployment() throws {
        let built = try threeKeys(["KEY_A": "sk-1", "KEY_B": "sk-2", "KEY_C": "sk-3"])
        let deployments = try #require(built.catalogue.model("fast-one")).deployments
        #expect(deployments.map(\.id) == ["openai/m", "openai#2/m", "openai#3/m"])
        #expect(deployments.map(\.access) == ["openai", "openai#2", "openai#3"])
        #expect(deployments.map(\.provider) == ["openai", "openai", "openai"])
        #expect(deployments.map(\.keyVariable) == ["KEY_A", "KEY_B", "KEY_C"])
        #expect(deployments.map(\.isLive) == [true, true, true])
        #expect(built.keys.mapValues { $0.reveal() } == ["openai": "sk-1", "openai#2": "sk-2", "openai#3": "sk-3"])
    }

    @Test func aKeyKeepsItsNumberWhicheverOthersAreSet() throws {
        let built = try threeKeys(["KEY_A": "", "KEY_C": "sk-3"])
        #expect(built.catalogue.model("fast-one")?.deployments.map(\.id) == ["openai#3/m"])
        #expect(built.keys.mapValues { $0.reveal() } == ["openai#3": "sk-3"])
        #expect(built.catalogue.provider("openai")?.isOn == true)
    }

    @Test func withoutAnyKeyItIsOffAndStaysListed() throws {
        let built = try threeKeys([:])
        #expect(built.catalogue.provider("openai")?.state == .off(mend: "set KEY_A or KEY_B or KEY_C"))
        #expect(built.catalogue.model("fast-one")?.deployments.map(\.id) == ["openai/m"])
        #expect(built.catalogue.model("fast-one")?.isLive == false)
        #expect(built.keys.isEmpty)
    }

    @Test func noKeyShowsInWhatWasBuilt() throws {
        let built = try build(["OPENAI_API_KEY": "canary"])
        var dumped = ""
        dump(built, to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(!"\(built)".contains("canary"))
    }

    @Test func thePolicyNamesOnlyAgentsThatExist() throws {
        let text = ModelsFileTests.file(rest: #", "policy": {"agents": {"devv": {"cost_bias": 0.2}}}"#)
        let file = try ModelsFile.parse(text, path: "models.json")
        let dev = Agent(
            id: "dev", name: "Dev", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: "p")
        let error = try #require(throws: ConfigurationError.self) {
            try CatalogueBuilder.build(models: file, agents: [dev], environment: [:])
        }
        #expect("\(error)".contains("policy.agents.devv: there is no agent 'devv'. Did you mean 'dev'?"))
    }

    // MARK: Additions

    private func addition(provider: String = "demo", model: String = "demo-small") -> CatalogueBuilder.Addition {
        CatalogueBuilder.Addition(
            provider: ProviderEntry(id: provider, baseURL: "http://127.0.0.1:9/v1"),
            models: [ModelEntry(name: model, deployments: [.init(provider: provider, modelName: model)], quality: 65)])
    }

    @Test func anAdditionIsAlwaysOn() throws {
        let catalogue = try build(adding: [addition()]).catalogue
        #expect(catalogue.provider("demo")?.state == .on)
        #expect(catalogue.models.map(\.name) == ["a", "b", "demo-small", "z"])
        #expect(catalogue.model("demo-small")?.isLive == true)
        #expect(catalogue.model("demo-small")?.tier == .medium)
        #expect(catalogue.model("demo-small")?.deployments.map(\.index) == [3])
    }

    @Test func namesOfAdditionsAreTaken() {
        let mend = "the name belongs to a provider that Quintet brings along. Choose another name."
        #expect(complaints(try build(adding: [addition(provider: "openai")])) == ["models.json: providers.openai: \(mend)"])
        #expect(complaints(try build(adding: [addition(model: "z")])) == ["models.json: models.z: \(mend)"])
    }

    @Test func theShippedFilesMakeACatalogue() throws {
        let built = try CatalogueBuilder.build(
            models: ModelsFile.read(path: repository + "models.json"),
            agents: AgentFiles.read(directory: repository + "agents"),
            environment: ["OPENAI_API_KEY": "k"])
        #expect(built.catalogue.agents.count == 5)
        #expect(built.catalogue.liveModels.allSatisfy { $0.ownedBy == "openai" })
        #expect(!built.catalogue.liveModels.isEmpty)
        #expect(Set(built.catalogue.deployments.map(\.id)).count == built.catalogue.deployments.count)
    }

    /// Who edits a shipped profile trains the built-in weights again (docs/routing.md).
    @Test func theBuiltInWeightsKnowTheShippedProfiles() throws {
        let model = try AgentModel(
            Weights(decoding: Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size)), kind: AgentModel.kind))
        let agents = try AgentFiles.read(directory: repository + "agents")
        #expect(model.roles == agents.map(\.id))
        #expect(model.profiles == agents.map(TrainedProfile.init))
    }
}
