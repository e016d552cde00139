import Basics
import Compute
import GridFiles
import Networks
import ONNX
import Stages
import Tensors

/// A network that is named on the command line, or declared in a file of its own, with some keys changed; or that of a
/// model file.
public struct NetworkSource: Sendable {
  public let definition: any NetworkDefinition
  /// Nil for the graph of a model file that does not say how it was declared.
  public let declaration: NetworkSpec?
  private let stored: StoredModel?
  /// The file; nil for a network of the zoo.
  public let path: String?
  /// The network of the zoo, when it is one, and the keys that it was given.
  public let model: (any Model.Type)?
  public let keys: [(String, ConfigValue)]

  /// - Parameters:
  ///   - name: of the zoo, the path of a model file, or the path of a YAML file with a network (`unet: {...}`, or a list of layers; also
  ///     below the key `network`).
  ///   - settings: keys of the network that get another value, as YAML: `base` = `32`.
  /// - Throws: all faults: 64 when there is no such network, 66 when there is no such file, 78 when what is
  ///   declared is wrong.
  public init(_ name: String, settings: [(name: String, value: String)] = []) throws(Faults) {
    if name.hasSuffix(".onnx") {
      guard settings.isEmpty else {
        throw Faults(Fault(.usage, "--set: the network of a model file is as it was trained", file: name))
      }
      do throws(ModelError) {
        let stored = try ModelFile.open(name)
        (definition, declaration, self.stored) = (stored.network, stored.metadata.declaration, stored)
        (path, model, keys) = (name, nil, [])
      } catch {
        throw Faults(Fault(error))
      }
      return
    }
    stored = nil
    let isFile = name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    path = isFile ? name : nil
    var value: ConfigValue
    if isFile {
      value = try Self.read(name)
    } else {
      guard allModels.contains(where: { $0.declaration.name == name }) else {
        let names = allModels.map { $0.declaration.name }.sorted()
        throw Faults(
          Fault(
            .usage, "there is no network `\(name)`", remedy: Suggestion.remedy(for: name, among: names)))
      }
      value = .text(name)
    }
    for setting in settings {
      let given: ConfigValue?
      do throws(PlanError) {
        given = try YAMLReader.read(Array(setting.value.utf8)).root
      } catch {
        throw Faults(Fault(.usage, "--set \(setting.name)=\(setting.value): \(error)"))
      }
      guard let given, let changed = value.setting(setting.name, to: given.unmarked) else {
        throw Faults(
          Fault(
            .usage, "--set \(setting.name)=\(setting.value) needs a network with a name and keys, and a value"
          ))
      }
      value = changed
    }
    let entry = value.single
    model = allModels.first { $0.declaration.name == entry?.name }
    keys = entry?.keys ?? []
    do throws(SpecFaults) {
      let spec = try NetworkSpec(value)
      (definition, declaration) = (spec, spec)
    } catch {
      throw Faults(
        error.list.map { fault in
          Fault(
            .badPipeline, fault.cause, pipeline: isFile ? name : nil,
            at: fault.mark.flatMap { $0.line > 0 ? $0 : nil }, stage: isFile ? nil : name,
            remedy: fault.remedy)
        })
    }
  }

  private static func read(_ path: String) throws(Faults) -> ConfigValue {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try readSmallFile(path, limit: YAMLReader.maximumBytes) } catch {
      throw Faults(Fault(error))
    }
    let root: ConfigValue?
    let duplicates: [PlanError]
    do throws(PlanError) { (root, duplicates) = try YAMLReader.read(bytes) } catch {
      throw Faults(Fault(error, pipeline: path))
    }
    if !duplicates.isEmpty { throw Faults(duplicates.map { Fault($0, pipeline: path) }) }
    guard let root else { throw Faults(Fault(.badPipeline, "the file holds no network", pipeline: path)) }
    return root["network"] ?? root
  }

  /// The graph for one sample of [channels, space...].
  /// - Throws: what does not fit, with the layer's path and the shapes.
  public func network(_ input: [Int]) throws(Faults) -> Network {
    do {
      return try definition.network(
        input: try Shape([1] + input), .inference, domain: stored?.metadata.domain ?? DomainPadding())
    } catch let error as GraphError {
      let declared = stored == nil ? declaration : nil
      let all = (try? Shape([1] + input)).flatMap { declared?.faults(input: $0).list } ?? []
      throw Faults(
        (all.isEmpty ? [error] : all).map {
          Fault(.badPipeline, $0.description, pipeline: path, stage: path == nil ? modelName : nil)
        })
    } catch {
      throw Faults(Fault(.usage, "the input \(input): \(error)"))
    }
  }

  /// - Parameter input: [channels, space...]; nil: the first of `usualInputs` that fits.
  /// - Throws: what is wrong with the network for that input.
  public func summary(input: [Int]?) throws(Faults) -> NetworkSummary {
    let name = path?.split(separator: "/").last.map(String.init) ?? ""
    return NetworkSummary(declaration?.configuration ?? .text(name), try network(fitting: input))
  }

  /// The graph for one sample.
  /// - Parameter input: [channels, space...]; nil: the first of `usualInputs` that fits.
  public func network(fitting input: [Int]?) throws(Faults) -> Network {
    if let input { return try network(input) }
    var first: Faults?
    for input in usualInputs {
      do throws(Faults) { return try network(input) } catch { first = first ?? error }
    }
    var faults = first ?? Faults(Fault(.badPipeline, "the network has no usual input"))
    for index in faults.list.indices where faults.list[index].remedy == nil {
      faults.list[index].remedy = "give the shape of its input: --input 5x256x256"
    }
    throw faults
  }

  private var modelName: String? { model?.declaration.name }

  /// The shapes of input to show it with when none is given: what is published for these keys, a size that all
  /// fit, what is published for others.
  public var usualInputs: [[Int]] {
    if let stored { return (try? stored.inputExtents(nil)).map { [Array($0.dropFirst())] } ?? [] }
    let published = model?.published ?? []
    func text(_ keys: [(String, ConfigValue)]) -> Set<String> {
      Set(keys.map { "\($0.0)=\($0.1.json.text)" })
    }
    let own = published.filter { text($0.keys) == text(keys) }
    let channels = published.first?.input.first ?? 1
    return own.map(\.input) + [[channels, 256, 256]] + published.map(\.input)
  }
}

extension ConfigValue {
  /// The name and the keys of `name` or `{name: {...}}`.
  fileprivate var single: (name: String, keys: [(String, ConfigValue)])? {
    switch content {
    case .scalar(let name, _): return (name, [])
    case .mapping(let entries) where entries.count == 1:
      guard case .mapping(let keys) = entries[0].value.content else { return (entries[0].key, []) }
      return (entries[0].key, keys.map { ($0.key, $0.value) })
    default: return nil
    }
  }

  /// With one key of the named thing changed or added; nil when it is no such thing.
  fileprivate func setting(_ key: String, to value: ConfigValue) -> ConfigValue? {
    guard !key.isEmpty, let (name, keys) = single else { return nil }
    return .mapping([(name, .mapping(keys.filter { $0.0 != key } + [(key, value)]))])
  }

  /// Without places, which would be those of an argument.
  fileprivate var unmarked: ConfigValue {
    switch content {
    case .null, .scalar: ConfigValue(content, .none)
    case .sequence(let values): .list(values.map(\.unmarked))
    case .mapping(let entries): .mapping(entries.map { ($0.key, $0.value.unmarked) })
    }
  }
}
