"""Holds what went over the wire against AWS's published models, as botocore ships them. Shares no code with Cordon.

    python model_check.py EXCHANGES

EXCHANGES is a file with one JSON object a line: service, operation, request (text), status, response (text), and for what
is called over REST query, headers and answeredHeaders. Prints one JSON object: every disagreement once, by operation and
path, and which operations were seen.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from botocore.session import Session

NAMES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "states": "stepfunctions"}
# What every operation of a service may answer, whatever its model declares.
COMMON_ERRORS = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "InvalidClientTokenId",
    "InternalFailure",
    "InternalServerError",
    "NotImplemented",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "ValidationError",
    "ValidationException",
}
SIMPLE = {
    "integer": re.compile(r"-?\d+"),
    "long": re.compile(r"-?\d+"),
    "float": re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?"),
    "double": re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?"),
    "boolean": re.compile(r"true|false"),
}

# Headers and parameters that belong to the wire, and not to one operation.
OF_THE_WIRE = {
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
}

session = Session()


class Checker:
    def __init__(self, model, operation):
        self.model = model
        self.operation = operation
        self.protocol = model.metadata["protocol"]
        self.found = set()

    def report(self, path, problem):
        self.found.add(f"{self.model.service_name} {self.operation.name} {path}: {problem}")

    # Values, in whatever they were wrapped.

    def text(self, shape, value, path):
        kind = shape.type_name
        if kind in SIMPLE and not SIMPLE[kind].fullmatch(value):
            self.report(path, f"{value!r} is no {kind}")
        if kind == "timestamp":
            self.timestamp(value, path)
        if kind == "string":
            self.string(shape, value, path)
        if kind in ("structure", "list", "map") and value.strip():
            self.report(path, f"{value!r} where a {kind} belongs")

    def timestamp(self, value, path):
        try:
            if str(value).endswith("GMT"):
                parsedate_to_datetime(value)
            elif "T" in str(value):
                datetime.fromisoformat(value.replace("Z", "+00:00"))
            else:
                float(value)
        except ValueError:
            self.report(path, f"{value!r} is no timestamp")

    def string(self, shape, value, path):
        if shape.enum and value not in shape.enum:
            self.report(path, f"{value!r} is not one of {', '.join(shape.enum)}")
        minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
        if minimum is not None and len(value) < minimum:
            self.report(path, f"{len(value)} characters, and at least {minimum} are expected")
        if maximum is not None and len(value) > maximum:
            self.report(path, f"{len(value)} characters, and at most {maximum} are expected")

    def missing(self, shape, present, path):
        for name in shape.required_members:
            if name not in present:
                self.report(f"{path}.{name}", "is required, and missing")

    # Answers in XML.

    def xml(self, shape, element, path):
        kind = shape.type_name
        if kind == "structure":
            self.xml_structure(shape, list(element), path)
        elif kind == "list":
            inner = shape.member.serialization.get("name", "item" if self.protocol == "ec2" else "member")
            for child in element:
                if local(child) != inner:
                    self.report(path, f"holds <{local(child)}>, and lists hold <{inner}>")
                self.xml(shape.member, child, f"{path}[]")
        elif kind == "map":
            for entry in element:
                self.xml(shape.value, entry[1], f"{path}{{}}")
        else:
            if len(element):
                self.report(path, f"has elements where a {kind} belongs")
            self.text(shape, element.text or "", path)

    def xml_structure(self, shape, children, path):
        names = {}
        for name, member in shape.members.items():
            flat = member.type_name == "list" and member.serialization.get("flattened")
            inner = member.member.serialization.get("name") if flat else None
            names[member.serialization.get("name", inner or name)] = (name, member, flat)
        present, seen = set(), set()
        for child in children:
            tag = local(child)
            if tag not in names:
                self.report(f"{path}.{tag}", "is a member that the model does not have")
                continue
            name, member, flat = names[tag]
            if tag in seen and not flat:
                self.report(f"{path}.{name}", "is there twice")
            seen.add(tag)
            present.add(name)
            self.xml(member.member if flat else member, child, f"{path}.{name}")
        elsewhere = {name for name, member in shape.members.items() if member.serialization.get("location")}
        self.missing(shape, present | elsewhere, path)

    def xml_answer(self, body):
        shape = self.operation.output_shape
        payload = shape.serialization.get("payload") if shape is not None else None
        if payload is not None and shape.members[payload].type_name != "structure":
            return  # The object itself.
        root = ElementTree.fromstring(body) if body.strip() else None
        if root is None:
            if self.protocol != "rest-xml":
                self.report("answer", "is empty")
            return
        if self.protocol == "query":
            children = [each for each in root if local(each) != "ResponseMetadata"]
            expect = shape.serialization.get("resultWrapper") if shape else None
            if local(root) != f"{self.operation.name}Response":
                self.report("answer", f"is wrapped in <{local(root)}>")
            if expect is None:
                for child in children:
                    self.report(f"answer.{local(child)}", "is a member, and this operation answers nothing")
            elif [local(each) for each in children] != [expect]:
                self.report("answer", f"holds {[local(each) for each in children]}, and {expect} is expected")
            else:
                self.xml_structure(shape, list(children[0]), "answer")
            return
        children = list(root)
        if self.protocol == "ec2":
            if local(root) != f"{self.operation.name}Response":
                self.report("answer", f"is wrapped in <{local(root)}>")
            if not any(local(each) == "requestId" for each in children):
                self.report("answer.requestId", "is missing")
            children = [each for each in children if local(each) != "requestId"]
            if shape is None:
                # Operations without a result answer <return>true</return>, which no model has.
                children = [each for each in children if local(each) != "return"]
                for child in children:
                    self.report(f"answer.{local(child)}", "is a member, and this operation answers nothing")
                return
        if shape is not None:
            if payload is not None:
                self.xml(shape.members[payload], root, f"answer.{payload}")
            else:
                self.xml_structure(shape, children, "answer")

    def xml_error(self, body):
        root = ElementTree.fromstring(body)
        error = next((each for each in root.iter() if local(each) == "Error"), None)
        if error is None:
            self.report("error", "has no <Error>")
            return
        parts = {local(each): each.text or "" for each in error}
        for name in ("Code", "Message"):
            if not parts.get(name):
                self.report(f"error.{name}", "is missing")
        wrapper = "Response" if self.protocol == "ec2" else "ErrorResponse"
        if self.protocol in ("ec2", "query") and local(root) != wrapper:
            self.report("error", f"is wrapped in <{local(root)}>, and <{wrapper}> is expected")
        self.error_code(parts.get("Code", ""))

    def error_code(self, code):
        declared = {shape.error_code or shape.name for shape in self.operation.error_shapes}
        declared |= {shape.name for shape in self.operation.error_shapes}
        # S3's model declares few of its errors.
        if declared and self.model.service_name != "s3" and code not in declared | COMMON_ERRORS:
            self.report("error.Code", f"{code} is none of {', '.join(sorted(declared))}")

    # Requests and answers in JSON.

    def json(self, shape, value, path):
        kind = shape.type_name
        if kind == "structure":
            if not isinstance(value, dict):
                return self.report(path, "is no object")
            names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
            for key, inner in value.items():
                if key not in names:
                    self.report(f"{path}.{key}", "is a member that the model does not have")
                else:
                    self.json(names[key][1], inner, f"{path}.{names[key][0]}")
            self.missing(shape, {names[key][0] for key in value if key in names}, path)
        elif kind == "list":
            for inner in value:
                self.json(shape.member, inner, f"{path}[]")
        elif kind == "map":
            for inner in value.values():
                self.json(shape.value, inner, f"{path}{{}}")
        elif kind == "boolean":
            if not isinstance(value, bool):
                self.report(path, f"{value!r} is no boolean")
        elif kind in ("integer", "long", "float", "double", "timestamp"):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                self.report(path, f"{value!r} is no {kind}")
        elif not isinstance(value, str):
            self.report(path, f"{value!r} is no {kind}")
        else:
            self.text(shape, value, path)

    # Requests as forms.

    def form(self, body):
        tree = {}
        for name, value in parse_qsl(body, keep_blank_values=True):
            if name in ("Action", "Version"):
                continue
            node = tree
            for part in name.split("."):
                node = node.setdefault(part, {})
            node[""] = value
        shape = self.operation.input_shape
        if shape is not None:
            self.form_structure(shape, tree, "request")
        elif tree:
            self.report("request", "has parameters, and the operation has none")

    def form_name(self, name, member):
        if self.protocol == "ec2":
            given = member.serialization.get("queryName")
            if given:
                return given
            location = member.serialization.get("name")
            return location[0].upper() + location[1:] if location else name
        return member.serialization.get("name", name)

    def form_structure(self, shape, tree, path):
        names = {self.form_name(name, member): (name, member) for name, member in shape.members.items()}
        for key, node in tree.items():
            if key not in names:
                self.report(f"{path}.{key}", "is a parameter that the model does not have")
            else:
                self.form_value(names[key][1], node, f"{path}.{names[key][0]}")
        self.missing(shape, {names[key][0] for key in tree if key in names}, path)

    def form_value(self, shape, node, path):
        kind = shape.type_name
        if kind == "structure":
            self.form_structure(shape, node, path)
        elif kind == "list":
            flat = self.protocol == "ec2" or shape.serialization.get("flattened")
            items = node if flat else node.get(shape.member.serialization.get("name", "member"), {})
            for key, inner in items.items():
                if key == "" and inner == "":
                    continue  # An empty list.
                self.form_value(shape.member, inner, f"{path}[]")
        elif kind != "map":
            value = node.get("")
            if value is None:
                self.report(path, f"has parts where a {kind} belongs")
            else:
                self.text(shape, value, path)

    # Requests over REST, and the headers of their answers.

    def rest(self, query, headers, body):
        shape = self.operation.input_shape
        if shape is None:
            return
        present = {name for name, member in shape.members.items() if member.serialization.get("location") == "uri"}
        literal = parse_qsl(self.operation.http["requestUri"].partition("?")[2], keep_blank_values=True)
        fixed = {name for name, _ in literal} | {"x-id"}
        given = {name: value for name, value in query.items() if name not in fixed and not name.startswith("X-Amz-")}
        present |= self.located(shape, "querystring", given, "request", lambda name: True)
        present |= self.located(shape, "header", headers, "request", lambda name: name.startswith("x-amz-"))
        payload = shape.serialization.get("payload")
        if payload is not None and shape.members[payload].type_name == "structure" and body.strip():
            member = shape.members[payload]
            root = ElementTree.fromstring(body)
            if local(root) != member.serialization.get("name", payload):
                self.report("request", f"is wrapped in <{local(root)}>")
            self.xml(member, root, f"request.{payload}")
            present.add(payload)
        elif payload is None and body.strip():
            self.report("request", "has a body, and the operation has none")
        self.missing(shape, present, "request")

    def located(self, shape, location, given, path, is_ours):
        members = {}
        prefixes = []
        for name, member in shape.members.items():
            where = member.serialization.get("location")
            if where == location:
                members[member.serialization.get("name", name).lower()] = (name, member)
            if where == "headers" and location == "header":
                prefixes.append(member.serialization.get("name", "").lower())
        present = set()
        for key, value in given.items():
            if key.lower() in members:
                name, member = members[key.lower()]
                present.add(name)
                if member.type_name not in ("list", "map", "structure"):
                    self.text(member, value, f"{path}.{name}")
            elif is_ours(key.lower()) and key.lower() not in OF_THE_WIRE:
                if not any(key.lower().startswith(prefix) for prefix in prefixes):
                    self.report(f"{path}.{key}", f"is a {location} that the model does not have")
        return present

    def rest_headers(self, headers):
        shape = self.operation.output_shape
        if shape is None:
            return
        self.located(shape, "header", headers, "answer", lambda name: name.startswith("x-amz-"))

    def exchange(self, request, status, response, error_type, query, headers, answered):
        if self.protocol in ("ec2", "query"):
            self.form(request)
        elif self.protocol in ("rest-xml", "rest-json") and headers is not None:
            self.rest(query or {}, headers, request)
            if status < 300:
                self.rest_headers(answered or {})
        elif self.protocol == "json" and self.operation.input_shape is not None:
            self.json(self.operation.input_shape, json.loads(request or "{}"), "request")
        if self.protocol == "json" or self.protocol == "rest-json":
            self.json_answer(status, response, error_type)
        elif status < 300:
            self.xml_answer(response)
        elif response.strip():
            self.xml_error(response)

    def json_answer(self, status, response, error_type):
        if status >= 300:
            # In JSON over REST the code stands in a header: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
            code = error_type or json.loads(response or "{}").get("__type", "")
            self.error_code(code.split("#")[-1])
            return
        shape = self.operation.output_shape
        if shape is None or "payload" in shape.serialization:
            return  # The body is content, and the members stand in headers.
        self.json(shape, json.loads(response or "{}"), "answer")


def local(element):
    return element.tag.rsplit("}", 1)[-1]


models, found, seen = {}, set(), set()
with open(sys.argv[1], encoding="utf8") as lines:
    for line in lines:
        exchange = json.loads(line)
        name = NAMES.get(exchange["service"], exchange["service"])
        if name not in models:
            models[name] = session.get_service_model(name)
        checker = Checker(models[name], models[name].operation_model(exchange["operation"]))
        checker.exchange(
            exchange["request"],
            exchange["status"],
            exchange["response"],
            exchange.get("errorType"),
            exchange.get("query"),
            exchange.get("headers"),
            exchange.get("answeredHeaders"),
        )
        found |= checker.found
        seen.add(f"{name} {exchange['operation']}")
print(json.dumps({"found": sorted(found), "seen": sorted(seen)}))
