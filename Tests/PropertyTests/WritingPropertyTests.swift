import Foundation
import GridFiles
import TestSupport
import Testing

/// What is written is read: any shape, type, chunk shape and filter, by the raw chunks and by the library.
@Suite struct WritingPropertyTests {
  /// SplitMix64, so that a failure comes back with its seed.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  struct Case {
    let extents: [Int]
    let isGrowing: Bool
    let type: ElementType
    let size: Int
    let chunks: [Int]
    let deflate: Int?
    let shuffle: Bool
    let bytes: [UInt8]

    init(_ random: inout Random) {
      extents = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 1...9, using: &random) }
      isGrowing = Bool.random(using: &random)
      let types: [(ElementType, Int)] = [(.int8, 1), (.int16, 2), (.int32, 4), (.float32, 4), (.float64, 8)]
      (type, size) = types[Int.random(in: 0..<types.count, using: &random)]
      let growing = isGrowing
      let shape = extents.enumerated().map { index, extent in
        Int.random(in: 1...(growing && index == 0 ? extent + 5 : extent), using: &random)
      }
      chunks = shape
      deflate = Bool.random(using: &random) ? Int.random(in: 1...9, using: &random) : nil
      shuffle = Bool.random(using: &random)
      // Random bytes do not compress, so filters are left out; small numbers do.
      let isNoise = Bool.random(using: &random)
      let elementSize = size
      var made: [UInt8] = []
      for index in 0..<extents.reduce(1, *) {
        let bits = isNoise ? random.next() : UInt64(index / 5)
        switch type {
        case .float32:
          withUnsafeBytes(of: Float(Int32(truncatingIfNeeded: bits))) { made += $0 }
        case .float64: withUnsafeBytes(of: Double(Int32(truncatingIfNeeded: bits))) { made += $0 }
        default: withUnsafeBytes(of: bits.littleEndian) { made += $0.prefix(elementSize) }
        }
      }
      bytes = made
    }

    var definition: FileDefinition {
      let names = extents.indices.map { "d\($0)" }
      return FileDefinition(
        dimensions: zip(names, extents).enumerated().map { index, pair in
          Dimension(name: pair.0, length: pair.1, isUnlimited: isGrowing && index == 0)
        },
        variables: [
          VariableDefinition(
            name: "v", type: type, dimensions: names, chunks: chunks, deflate: deflate, shuffle: shuffle)
        ])
    }

    func write(_ path: String) async throws {
      let file = try await OutputFile.create(path, definition, inputs: [])
      let rank = extents.count
      var origin = extents.map { _ in 0 }
      while true {
        var chunk = [UInt8](repeating: 0, count: chunks.reduce(size, *))
        for element in 0..<chunk.count / size {
          // Row-major: from the element's number in the chunk to its place in the variable.
          var (rest, place, weight, isInside) = (element, 0, 1, true)
          for axis in (0..<rank).reversed() {
            let index = origin[axis] + rest % chunks[axis]
            rest /= chunks[axis]
            isInside = isInside && index < extents[axis]
            place += index * weight
            weight *= extents[axis]
          }
          guard isInside else { continue }
          for byte in 0..<size { chunk[element * size + byte] = bytes[place * size + byte] }
        }
        try await file.write("v", chunkAt: origin, try chunk.withUnsafeBytes { try file.encode("v", $0) })
        var axis = rank - 1
        while axis >= 0 {
          origin[axis] += chunks[axis]
          if origin[axis] < extents[axis] { break }
          origin[axis] = 0
          axis -= 1
        }
        if axis < 0 { break }
      }
      try await file.publish()
    }

    var floats: [Float] {
      bytes.withUnsafeBytes { raw in
        (0..<raw.count / size).map { index in
          switch type {
          case .int8: Float(raw.loadUnaligned(fromByteOffset: index, as: Int8.self))
          case .int16: Float(raw.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
          case .int32: Float(raw.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
          case .float32: raw.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
          default: Float(raw.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
          }
        }
      }
    }

    var text: String {
      "\(type.name)\(extents) growing \(isGrowing), chunks \(chunks), deflate \(deflate ?? 0), shuffle \(shuffle)"
    }
  }

  @Test(.enabled(if: Isotach.binary != nil, Isotach.reason)) func whatIsWrittenIsRead() async throws {
    let folder = try TemporaryFolder()
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Random(state: seed)
    for _ in 0..<40 {
      let example = Case(&random)
      let path = folder.path("v.nc")
      try await example.write(path)
      for route in [ReadPolicy.Route.fast, .library] {
        var policy = ReadPolicy()
        policy.route = route
        let file = try await SourceFile.open(path, policy: policy)
        let variable = try #require(file.header.variable("v"))
        #expect(variable.extents == example.extents && variable.type == example.type)
        #expect(variable.storage == .chunked(example.chunks))
        #expect(try await file.readBytes(variable) == example.bytes, "seed \(seed): \(example.text)")
        #expect(try await floats(file, variable) == example.floats, "seed \(seed): \(example.text)")
      }
    }
    #expect(folder.contents() == ["v.nc"])
  }

  private func floats(_ file: SourceFile, _ variable: Variable) async throws -> [Float] {
    let values = UnsafeMutablePointer<Float>.allocate(capacity: variable.count)
    defer { values.deallocate() }
    values.initialize(repeating: -1, count: variable.count)
    var strides = variable.extents
    var stride = 1
    for axis in strides.indices.reversed() {
      (strides[axis], stride) = (stride, stride * variable.extents[axis])
    }
    try await file.read(
      variable, Hyperslab(all: variable.extents), decoding: Decoding(),
      into: FloatTarget(values: values, validity: nil, strides: strides), workers: 2)
    return Array(UnsafeBufferPointer(start: values, count: variable.count))
  }
}
