import Basics
import Compute
import Networks
import Tensors

/// A model run on tensors of files, and its outputs beside those that are expected: `input_N.pb` and `output_N.pb`, as the
/// tests of ONNX have them.
public struct Verification: Sendable {
  /// How one output compares.
  public struct Output: Sendable, Hashable {
    public let name: String
    public let shape: Shape
    public let type: ElementType
    /// The element that is furthest from what is allowed; nil when there are no elements.
    public let worst: Worst?
    /// Elements that differ by more than is allowed.
    public let wrong: Int
  }

  public struct Worst: Sendable, Hashable {
    /// Its place along each dimension.
    public let place: [Int]
    public let expected: Double
    public let found: Double
    /// `atol + rtol |expected|`; 0 for whole numbers and truths.
    public let allowed: Double
    public var difference: Double { expected == found ? 0 : abs(expected - found) }
  }

  public let outputs: [Output]
  public var passes: Bool { outputs.allSatisfy { $0.wrong == 0 } }

  /// What is allowed, and what a run may take.
  public struct Options: Sendable {
    public var rtol: Double
    public var atol: Double
    public var threads: Int
    /// Bytes.
    public var memory: Int
    public init(rtol: Double = 1e-3, atol: Double = 1e-7, threads: Int = 1, memory: Int = 4 << 30) {
      (self.rtol, self.atol, self.threads, self.memory) = (rtol, atol, threads, memory)
    }
  }

  /// Runs the model on `input_0.pb`, `input_1.pb`, ... of a folder.
  /// - Throws: `ModelError` when a file is missing or damaged, or the model cannot be run on such inputs.
  public static func run(_ model: OnnxModel, folder: String, _ options: Options = .init()) throws(ModelError)
    -> Verification
  {
    let inputs = try tensors(folder, "input", model.inputs.map(\.name), required: true)
    let expected = try tensors(folder, "output", model.outputs.map(\.name), required: false)
    guard !expected.isEmpty else {
      throw ModelError(.missing, path: folder, "there is no output_0.pb to compare with")
    }
    var given: [String: [Double]] = [:]
    var shapes: [String: Shape] = [:]
    for (name, tensor) in inputs {
      shapes[name] = tensor.shape
      if tensor.shape.count <= GraphReading.mostKnown { given[name] = tensor.numbers }
    }
    for port in model.inputs where shapes[port.name] == nil {
      throw ModelError(
        .mismatch, path: folder, "there is no file for the input `\(printable(port.name, limit: 100))`")
    }
    let graph = try model.graph(shapes, given: given)
    let found = try OnnxRun(graph, threads: options.threads, memory: options.memory)
      .run(inputs.mapValues(\.numbers))
    var outputs: [Output] = []
    for port in graph.outputs {
      guard let wanted = expected[port.name], let numbers = found[port.name] else { continue }
      outputs.append(try compare(port, graph.shape(port), numbers, wanted, model.path, options))
    }
    return Verification(outputs: outputs)
  }

  struct Numbers {
    let type: ElementType
    let shape: Shape
    let numbers: [Double]
  }

  /// The tensors of numbered files, by the names that they bear or by their places.
  private static func tensors(_ folder: String, _ kind: String, _ names: [String], required: Bool)
    throws(ModelError) -> [String: Numbers]
  {
    var result: [String: Numbers] = [:]
    for (index, name) in names.enumerated() {
      let path = "\(folder)/\(kind)_\(index).pb"
      let tensor: TensorNumbers
      let numbers: [Double]
      do throws(ModelError) {
        let proto = try OnnxFile.tensor(path)
        do throws(NodeError) {
          tensor = try TensorNumbers(proto, path: path)
          numbers = try tensor.doubles()
        } catch {
          throw ModelError(error.modelKind, path: path, error.cause)
        }
      } catch {
        if error.kind == .missing, !required { continue }
        throw error
      }
      let own = names.contains(tensor.name) && result[tensor.name] == nil ? tensor.name : name
      result[own] = Numbers(type: tensor.type, shape: tensor.shape, numbers: numbers)
    }
    return result
  }

  private static func compare(
    _ port: OnnxGraph.Port, _ shape: Shape, _ found: [Double], _ wanted: Numbers, _ path: String,
    _ options: Options
  ) throws(ModelError) -> Output {
    let subject = "output `\(printable(port.name, limit: 100))`"
    guard wanted.shape == shape else {
      throw ModelError(
        .mismatch, path: path, subject: subject, "its shape", expected: "\(wanted.shape)", found: "\(shape)")
    }
    guard wanted.type == port.type else {
      throw ModelError(
        .mismatch, path: path, subject: subject, "its type", expected: wanted.type.name, found: port.type.name
      )
    }
    var (worst, wrong, most): (Worst?, Int, Double) = (nil, 0, -1)
    for (index, (expected, number)) in zip(wanted.numbers, found).enumerated() {
      let allowed = port.type.isFloat ? options.atol + options.rtol * abs(expected) : 0
      let isSame = expected == number || expected.isNaN && number.isNaN
      let difference = isSame ? 0 : abs(expected - number)
      let isRight = isSame || difference <= allowed && allowed.isFinite
      if !isRight { wrong += 1 }
      let excess =
        isRight
        ? difference / max(allowed, .leastNonzeroMagnitude) : difference.isNaN ? .infinity : 2 + difference
      guard excess > most else { continue }
      most = excess
      var (rest, place): (Int, [Int]) = (index, [])
      for extent in shape.extents.reversed() {
        place.insert(rest % max(1, extent), at: 0)
        rest /= max(1, extent)
      }
      worst = Worst(place: place, expected: expected, found: number, allowed: allowed)
    }
    return Output(name: port.name, shape: shape, type: port.type, worst: worst, wrong: wrong)
  }
}
