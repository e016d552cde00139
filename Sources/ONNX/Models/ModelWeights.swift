import Basics
import Compute
import Networks
import Tensors

/// Numbers for a network from a file of another: an ONNX model, or safetensors with PyTorch's names.
public enum ModelWeights {
  /// - Parameters:
  ///   - input: [batch, channels, spatial...] of an input that the network of an ONNX file fits.
  /// - Throws: `ModelError` naming what cannot be read.
  public static func read(_ path: String, input: [Int]) throws(ModelError) -> Parameters {
    if isTensors(path) { return try tensors(path) }
    let stored = try ModelFile.open(path)
    if stored.metadata.inputs != nil, stored.metadata.outputs != nil {
      return try stored.trained().parameters
    }
    let shape: Shape
    do { shape = try Shape(input) } catch { throw ModelError(.mismatch, path: path, error.description) }
    return try stored.network.parameters(input: shape)
  }

  /// Whether a file is one of safetensors, by its ending or its first bytes.
  public static func isTensors(_ path: String) -> Bool {
    path.hasSuffix(".safetensors") || !path.hasSuffix(".onnx") && SafeTensorsFile.isLikely(path)
  }

  /// All tensors of numbers with a fraction; `num_batches_tracked` and the like are no weights.
  public static func tensors(_ path: String) throws(ModelError) -> Parameters {
    let file = try SafeTensorsFile.open(path)
    let stored = file.tensors.filter { ![.int64, .uint8].contains($0.type) }
    let result: Parameters
    do {
      result = try Parameters(
        try ParameterLayout(try stored.map { (name: $0.name, shape: try Shape($0.extents)) }))
    } catch {
      throw ModelError(.unsupported, path: path, "\(error)")
    }
    for tensor in stored {
      guard let numbers = result[tensor.name] else { continue }
      try file.read(tensor, into: numbers.values)
    }
    return result
  }

  /// Writes all numbers under their names, as PyTorch has them.
  /// - Returns: the file's SHA-256.
  @discardableResult
  public static func write(_ parameters: Parameters, to path: String) throws(FileError) -> String {
    var writer = SafeTensorsWriter()
    do throws(ModelError) { try writer.add(parameters, prefix: "") } catch {
      throw FileError(.cannotWrite, path: path, subject: error.subject, error.sentence)
    }
    return try writer.write(to: path)
  }
}
