import Compute
import Foundation
import Networks
import ONNX
import Tensors

/// What is measured: a graph with one input, its numbers, and what goes in.
final class BenchSubject {
  let graph: Graph
  let goals: Goals
  let parameters: Parameters
  let inputName: String
  let input: Tensor

  /// With numbers of its initialisers and noise.
  init(_ spec: NetworkSpec, _ extents: [Int]) throws {
    let network = try spec.network(input: try Shape(extents), .inference)
    (graph, goals) = (network.graph, Goals(outputs: [("result", network.output)]))
    parameters = try network.initialParameters(seed: 1)
    inputName = "input"
    let tensor = try Tensor(repeating: 0, network.inputShape)
    let stream = RandomStream(seed: 7, stream: 0)
    for index in 0..<tensor.shape.count { tensor.storage[index] = stream.uniform(at: UInt64(index)) - 0.5 }
    input = tensor
  }

  /// - Parameter input: a `.npy` file of float32.
  init(model: String, input path: String) throws {
    let file = try NumpyFile.floats(path)
    let read = try OnnxModel.read(model)
    guard let port = read.inputs.first else { throw BenchError("\(model) has no input") }
    let shape = try Shape(file.extents)
    let made = try read.graph([port.name: shape])
    (graph, goals, parameters) = (made.graph, made.goals, try made.parameters())
    inputName = port.name
    let tensor = try Tensor(repeating: 0, shape)
    for (index, number) in file.numbers.enumerated() { tensor.storage[index] = number }
    input = tensor
  }
}

/// NumPy's `.npy`, version 1 or 2, little-endian float32 or float64 in C order.
enum NumpyFile {
  static func floats(_ path: String) throws -> (extents: [Int], numbers: [Float]) {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    guard data.count > 12, data.starts(with: [0x93] + "NUMPY".utf8) else {
      throw BenchError("\(path) is no .npy file")
    }
    let start = data[6] == 1 ? 10 : 12
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(data[$1]) }
    guard start + length <= data.count else { throw BenchError("\(path) ends in its header") }
    let header = String(decoding: data[start..<start + length], as: UTF8.self)
    let isDouble = header.contains("'<f8'")
    guard isDouble || header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")"), open < close
    else { throw BenchError("\(path) is no little-endian float32 or float64 in C order") }
    let extents = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let (count, size) = (try Shape(extents).count, isDouble ? 8 : 4)
    guard data.count == start + length + count * size else {
      throw BenchError("\(path) has \(data.count) bytes, \(extents) needs \(start + length + count * size)")
    }
    let body = data.dropFirst(start + length)
    let numbers = body.withUnsafeBytes { bytes in
      (0..<count).map { index in
        isDouble
          ? Float(bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
          : bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
      }
    }
    return (extents, numbers)
  }
}
