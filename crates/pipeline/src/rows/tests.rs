//! Files in, Patients out: every form of file, every kind of bad row, and random bytes.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SOURCE: &str = "http://clientregistry.org/openmrs";

fn options(missing_ids: MissingIds) -> Options {
    Options { source: SOURCE.into(), missing_ids }
}

fn open_bytes(bytes: &[u8], mapping: Option<&str>) -> Result<Rows, RowsError> {
    let mapping = mapping.map(|text| Mapping::parse(text).unwrap());
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    from_reader(reader, mapping.as_ref(), options(MissingIds::Refuse))
}

fn read(text: &str) -> Vec<Row> {
    open_bytes(text.as_bytes(), None).unwrap().map(Result::unwrap).collect()
}

fn patient(text: &str) -> Value {
    read(text).remove(0).result.unwrap().into_value()
}

fn problems(text: &str) -> Vec<(u64, Option<RowProblem>)> {
    read(text).into_iter().map(|row| (row.number, row.result.err())).collect()
}

#[test]
fn a_row_becomes_a_patient() {
    let text = "rec_id,sex,date_of_birth,given_name,middle name,surname,phone,mobile,email,\
                uganda_nin,art_number,street_number,address_1,address_2,village,town,district,\
                state,postcode,country\n\
                r-1,f,19671207,A B,C,D,1,2,e@x,N,M,5,Road,Flat,V,T,Di,S,P,UG\n";
    let types = "http://terminology.hl7.org/CodeSystem/v2-0203";
    let expected = json!({
        "resourceType": "Patient", "id": "r-1",
        "identifier": [
            {"system": SOURCE, "value": "r-1"},
            {"system": "http://clientregistry.org/nationalid", "value": "N",
             "type": {"coding": [{"system": types, "code": "NI"}]}},
            {"system": "http://clientregistry.org/artnumber", "value": "M",
             "type": {"coding": [{"system": types, "code": "MR"}]}},
        ],
        "name": [{"use": "official", "family": "D", "given": ["A B", "C"]}],
        "telecom": [{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"},
                    {"system": "email", "value": "e@x"}],
        "gender": "female", "birthDate": "1967-12-07",
        "address": [{"line": ["5 Road", "Flat", "V"], "city": "T", "district": "Di",
                     "state": "S", "postalCode": "P", "country": "UG"}],
    });
    assert_eq!(patient(text), expected);
}

#[test]
fn every_delimiter_and_a_byte_order_mark_are_understood() {
    for delimiter in [',', ';', '\t', '|'] {
        let text = format!("\u{feff}rec_id{delimiter}surname\r\n1{delimiter}\"a{delimiter}b\"\r\n");
        assert_eq!(patient(&text)["name"][0]["family"], json!(format!("a{delimiter}b")));
    }
}

#[test]
fn gzip_is_read_whatever_the_name() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"rec_id,surname\n1,x\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, packer.finish().unwrap()).unwrap();
    let rows = open(&path, None, options(MissingIds::Refuse)).unwrap();
    assert_eq!(rows.count(), 1);
}

#[test]
fn a_cut_gzip_file_ends_with_an_error_after_its_good_rows() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packer.write_all("rec_id,surname\n".as_bytes()).unwrap();
    packer.write_all("1,x\n".repeat(50_000).as_bytes()).unwrap();
    let mut bytes = packer.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let rows: Vec<_> = open_bytes(&bytes, None).unwrap().collect();
    assert!(rows.len() > 1000);
    assert!(matches!(rows.last(), Some(Err(RowsError::Read { .. }))));
}

#[test]
fn bad_rows_are_named_and_the_good_ones_go_on() {
    let text = "rec_id,surname,dob\n1,a,\n2,b\n,c,\n,,\n\n3,d,,\n4,e,2000\n";
    let fields = |found| Some(RowProblem::Fields { found, expected: 3 });
    let expected = [
        (2, None),
        (3, fields(2)),
        (4, Some(RowProblem::NoId { column: "rec_id".into() })),
        (5, Some(RowProblem::Nothing)),
        (7, fields(4)),
        (8, None),
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn a_row_that_is_not_utf8_is_a_bad_row() {
    let rows: Vec<_> =
        open_bytes(b"rec_id,surname\n1,M\xfcller\n2,x\n", None).unwrap().flatten().collect();
    assert_eq!(rows[0].result.as_ref().err(), Some(&RowProblem::NotUtf8));
    assert!(rows[1].result.is_ok());
}

#[test]
fn a_line_without_end_is_a_bad_row_and_not_a_full_memory() {
    let long = "x".repeat(LINE_BYTES_MAX + 10);
    let found = problems(&format!("rec_id,surname\n1,{long}\n2,y\n"));
    assert_eq!(found, [(2, Some(RowProblem::TooLong { max: LINE_BYTES_MAX })), (3, None)]);
}

#[test]
fn a_bad_date_or_gender_is_left_out_with_a_warning() {
    let row = read("rec_id,dob,sex\n1,19670230,q\n").remove(0);
    let expected = [
        RowWarning::DateLeftOut { column: "dob".into() },
        RowWarning::GenderLeftOut { column: "sex".into() },
    ];
    assert_eq!(row.warnings, expected);
    let patient = row.result.unwrap();
    assert!(patient.get("birthDate").is_none() && patient.get("gender").is_none());
}

#[test]
fn an_id_that_fhir_does_not_allow_stays_an_identifier() {
    let patient = patient("mrn,surname\nA/17 b,x\n");
    assert_eq!(patient["identifier"][0]["value"], "A/17 b");
    assert!(patient.get("id").is_none());
}

#[test]
fn a_mapping_names_columns_and_date_order() {
    let mapping = "source = 'urn:s'\ndate_order = 'dmy'\n[columns]\nNr = 'id'\n\
                   Kolumn = 'given'\nGeb = 'birthdate'\nK = 'identifier:urn:k'\n";
    let text = b"Nr;Kolumn;Geb;K;Rest\n1;a;03/04/1990;z;r\n";
    let mut rows = open_bytes(text, Some(mapping)).unwrap();
    let ignored: Vec<_> = rows.columns().iter().filter(|column| column.target.is_none()).collect();
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0].name, "Rest");
    let expected = json!({
        "resourceType": "Patient", "id": "1",
        "identifier": [{"system": SOURCE, "value": "1"}, {"system": "urn:k", "value": "z"}],
        "name": [{"use": "official", "given": ["a"]}], "birthDate": "1990-04-03",
    });
    assert_eq!(rows.next().unwrap().unwrap().result.unwrap().into_value(), expected);
}

#[test]
fn a_table_without_ids_is_refused_unless_line_numbers_will_do() {
    let text = "surname,dob\nx,2000\n";
    assert!(matches!(open_bytes(text.as_bytes(), None), Err(RowsError::Header(HeaderError::NoId))));
    let reader = Box::new(Cursor::new(text.as_bytes()));
    let mut rows = from_reader(reader, None, options(MissingIds::LineNumber)).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().id, "line-2");
}

#[test]
fn ndjson_gives_a_patient_a_line() {
    let text = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"x\":1.10}\n\n{broken\n\
                {\"resourceType\":\"Observation\"}\n{\"resourceType\":\"Patient\"}\n";
    let rows = read(text);
    let numbers: Vec<_> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    assert_eq!(rows[0].id, "a");
    assert_eq!(rows[0].warnings, [RowWarning::IdentifierAdded]);
    assert_eq!(rows[0].raw, br#"{"resourceType":"Patient","id":"a","x":1.10}"#);
    assert!(matches!(rows[1].result, Err(RowProblem::Json(_))));
    assert_eq!(rows[2].result.as_ref().err(), Some(&RowProblem::NotAPatient));
    assert_eq!(rows[3].result.as_ref().err(), Some(&RowProblem::NoIdentifier));
}

#[test]
fn a_patient_with_an_identifier_of_the_source_is_left_as_it_is() {
    let text = format!(
        r#"{{"resourceType":"Patient","identifier":[{{"system":"{SOURCE}","value":"v"}}]}}"#
    );
    let row = read(&text).remove(0);
    assert_eq!((row.id.as_str(), row.warnings.len()), ("v", 0));
    assert_eq!(row.result.unwrap().to_json(), text);
}

#[test]
fn bundles_and_arrays_are_opened_whatever_their_layout() {
    let bundle = json!({
        "resourceType": "Bundle", "type": "collection",
        "meta": {"tag": [{"code": "entry"}], "entry": []},
        "entry": [
            {"fullUrl": "urn:1", "resource": {"resourceType": "Patient", "id": "a]}\"["}},
            {"resource": {"resourceType": "Patient", "id": "b"}},
            {"request": {}},
        ],
        "link": [{"relation": "self", "url": "x"}],
    });
    let array = json!([{"resourceType": "Patient", "id": "a]}\"["},
                       {"resourceType": "Patient", "id": "b"}, {"resourceType": "Basic"}]);
    let texts = [
        serde_json::to_string(&bundle).unwrap(),
        serde_json::to_string_pretty(&bundle).unwrap(),
        serde_json::to_string(&array).unwrap(),
        serde_json::to_string_pretty(&array).unwrap(),
    ];
    for text in texts {
        let rows = read(&text);
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["a]}\"[", "b", ""], "{text}");
        assert!(rows[2].result.is_err());
        assert!(!rows[1].raw.contains(&b'\n'));
    }
}

#[test]
fn a_pretty_printed_patient_is_read() {
    let text = "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"a\"\n}\n";
    assert_eq!(read(text).remove(0).id, "a");
}

#[test]
fn a_cut_document_gives_its_good_rows_and_one_bad_one() {
    let text = "[\n{\"resourceType\":\"Patient\",\"id\":\"a\"},\n{\"resourceType\":\"Pat";
    let found = problems(text);
    assert_eq!(found, [(2, None), (3, Some(RowProblem::Document))]);
}

#[test]
fn a_record_is_written_out_with_one_more_column() {
    let table = Format::Table { delimiter: b';' };
    assert_eq!(with_column(table, b"a;\"b;c\"", "cruid", "X"), b"a;\"b;c\";X");
    assert_eq!(
        with_column(Format::Json, b" { \"a\":1}", "cruid", "X"),
        b"{\"cruid\":\"X\",\"a\":1}"
    );
    assert_eq!(with_column(Format::Json, b"{}", "cruid", "X"), b"{\"cruid\":\"X\"}");
}

#[test]
fn foreign_files_are_named() {
    let text = open_bytes(b"PK\x03\x04", None).err().unwrap().to_string();
    assert!(text.contains("Excel workbook"), "{text}");
    assert!(matches!(open_bytes(b"\n\n", None), Err(RowsError::Empty)));
}

/// Compares with `to_fhir.py`'s output where the data folder is at hand.
#[test]
fn shared_tables_give_the_patients_of_the_reference_converter() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.is_dir() {
        println!("not compared: {} is absent", data.display());
        return;
    }
    for name in ["uganda", "febrl1", "febrl3", "fake_1000"] {
        let table = open(&data.join(format!("{name}.csv")), None, options(MissingIds::Refuse));
        let json = open(&data.join(format!("{name}.ndjson")), None, options(MissingIds::Refuse));
        let (table, json) = (table.unwrap(), json.unwrap());
        let mut count = 0;
        for (ours, theirs) in table.zip(json) {
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            let is_equal = ours.result.unwrap() == theirs.result.unwrap();
            assert!(is_equal, "{name}.csv line {}", ours.number);
            count += 1;
        }
        println!("compared {count} rows of {name}.csv with {name}.ndjson: equal");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_bytes_as_a_file_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(rows) = open_bytes(&bytes, None) {
            prop_assert!(rows.count() < 1000);
        }
    }

    #[test]
    fn fuzz_tables_give_a_row_a_record(body in "[a,\"\\n\\r;é1-]{0,200}") {
        let text = format!("rec_id,surname,dob\n{body}");
        for row in open_bytes(text.as_bytes(), None).unwrap() {
            prop_assert!(row.is_ok());
        }
    }

    #[test]
    fn fuzz_json_files_end(body in "[\\[\\]{}\",:entry \\n\\\\1]{0,200}", start in "[\\[{]") {
        if let Ok(rows) = open_bytes(format!("{start}{body}").as_bytes(), None) {
            prop_assert!(rows.count() < 1000);
        }
    }
}
