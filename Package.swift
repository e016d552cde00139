// swift-tools-version: 6.2
import PackageDescription

// Debian: libnetcdf-dev libhdf5-dev libopenblas-dev libdeflate-dev libudunits2-dev
let package = Package(
  name: "isotach",
  products: [
    .executable(name: "isotach", targets: ["isotach"]),
    .executable(name: "bench", targets: ["bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // System libraries: module map and shim, no logic.
    .systemLibrary(name: "CNetCDF", pkgConfig: "netcdf", providers: [.apt(["libnetcdf-dev"])]),
    // Never "hdf5": installing an MPI HDF5 switches that name for the whole machine.
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CUdunits", pkgConfig: "udunits", providers: [.apt(["libudunits2-dev"])]),

    // Our C. -O3 in debug builds too: tests would be a hundred times slower without it.
    .target(name: "Kernels", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),

    // What every module may use: JSON, digests, files put in place at once, text fit for a terminal.
    .target(name: "Basics", dependencies: ["Kernels"]),
    .target(
      name: "Tensors", dependencies: ["Kernels"],
      swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "Compute", dependencies: ["Tensors", "Kernels"]),
    // Networks, their training, and the files that hold them.
    .target(name: "Networks", dependencies: ["Basics", "Compute", "Tensors"], plugins: ["TypeList"]),
    // The model file: ONNX's protobuf and graphs.
    .target(
      name: "ONNX",
      dependencies: [
        "Basics", "Tensors", "Compute", "Networks",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["Generated/generate", "Generated/onnx.proto"], plugins: ["TypeList"]),
    .target(name: "GridFiles", dependencies: ["Basics", "CNetCDF", "CHDF5", "CDeflate", "Kernels"]),
    .target(name: "Grids", dependencies: ["Basics", "GridFiles", "Tensors", "Kernels", "CUdunits"]),
    .target(
      name: "Stages", dependencies: ["Basics", "Grids", "Networks", "ONNX"], plugins: ["TypeList"]),
    .target(
      name: "Pipelines",
      dependencies: ["Basics", "ONNX", "Stages", .product(name: "Yams", package: "Yams")]),
    // What `inspect`, `validate` and `diff` say; the command prints it.
    .target(name: "Inspection", dependencies: ["Basics", "Compute", "Grids", "Networks", "ONNX", "Tensors"]),
    .executableTarget(
      name: "isotach",
      dependencies: [
        "Basics", "Networks", "ONNX", "Pipelines", "Inspection",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "bench", dependencies: ["Basics", "Compute", "Networks", "ONNX", "Pipelines", "Tensors"]),

    // Lists the files of stages, layers, losses ..., so that a new one is one new file.
    .executableTarget(name: "TypeLister"),
    .plugin(name: "TypeList", capability: .buildTool(), dependencies: ["TypeLister"]),

    .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
    .testTarget(name: "BasicsTests", dependencies: ["Basics", "Kernels", "TestSupport"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(
      name: "ComputeTests", dependencies: ["Compute"], exclude: ["peers"], resources: [.copy("golden")]),
    .testTarget(
      name: "NetworksTests", dependencies: ["Basics", "Compute", "Networks", "Tensors", "TestSupport"],
      exclude: ["peers"], resources: [.copy("golden")]),
    .testTarget(
      name: "ONNXTests", dependencies: ["Basics", "Compute", "Networks", "ONNX", "Tensors", "TestSupport"],
      exclude: ["peers"]),
    .testTarget(
      name: "GridFilesTests", dependencies: ["Basics", "GridFiles", "TestSupport"], exclude: ["peers"]),
    .testTarget(name: "GridsTests", dependencies: ["Basics", "Grids", "TestSupport"], exclude: ["peers"]),
    .testTarget(
      name: "StagesTests",
      dependencies: ["Basics", "Compute", "Networks", "ONNX", "Stages", "Tensors", "TestSupport"],
      exclude: ["peers"]),
    .testTarget(
      name: "PipelinesTests",
      dependencies: ["Basics", "Networks", "ONNX", "Pipelines", "Tensors", "TestSupport"]),
    .testTarget(
      name: "InspectionTests", dependencies: ["Basics", "Inspection", "TestSupport"], exclude: ["peers"]),
    .testTarget(name: "PropertyTests", dependencies: ["Basics", "Pipelines", "TestSupport"]),
    .testTarget(
      name: "GoldenTests", dependencies: ["Basics", "Pipelines", "TestSupport"], exclude: ["peers"]),
    .testTarget(name: "FaultTests", dependencies: ["Basics", "Pipelines", "TestSupport"]),
    .target(name: "TestSupport", dependencies: ["Basics", "GridFiles"], path: "Tests/TestSupport"),
  ],
  swiftLanguageModes: [.v6]
)
