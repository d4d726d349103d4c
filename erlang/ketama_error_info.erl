%% @private Explains a call that raised, argument by argument: the shell and Elixir ask for it (EEP 54).
-module(ketama_error_info).

-export([format_error/2]).

-spec format_error(term(), erlang:stacktrace()) -> #{pos_integer() | general | reason => unicode:chardata()}.
format_error(badarg, [{Module, Function, Arguments, _Info} | _]) when is_list(Arguments) ->
    Kinds = kinds(Module, Function, length(Arguments)),
    Places = lists:zip3(lists:seq(1, length(Arguments)), Kinds, Arguments),
    case [{Place, Text} || {Place, Kind, Argument} <- Places, Text <- [wrong(Kind, Argument)], Text =/= none] of
        [] when Function =:= diff -> #{general => "the two do not hash keys alike"};
        Wrong -> maps:from_list(Wrong)
    end;
format_error(no_servers, _Stacktrace) ->
    #{general => "all servers that have points are in `except'"};
format_error({not_started, _} = Reason, _Stacktrace) ->
    #{general => ketama_error:format(Reason)};
format_error(system_limit, _Stacktrace) ->
    #{general => ketama_error:format(system_limit)};
format_error(_Reason, _Stacktrace) ->
    #{}.

%% The kind of each argument of a function.
kinds(ketama_watcher, start_link, 1) -> [watcher];
kinds(ketama, address, 1) -> [server];
kinds(ketama, diff, 2) -> [ring, ring];
kinds(ketama, format_error, 1) -> [reason];
kinds(ketama, getserver, 3) -> [ring, key, lookup];
kinds(ketama, getservers, 2) -> [ring, keys];
kinds(ketama, getservers, 3) -> [ring, keys, lookup];
kinds(ketama, group, 2) -> [ring, keys];
kinds(ketama, group, 3) -> [ring, keys, lookup];
kinds(ketama, hash, 1) -> [key];
kinds(ketama, moved, 3) -> [former_ring, ring, keys];
kinds(ketama, new, 1) -> [source];
kinds(ketama, new, 2) -> [source, ring_options];
kinds(ketama, replicas, 3) -> [ring, key, count];
kinds(ketama, start_link, 1) -> [source];
kinds(ketama, start_link, 2) -> [source, start_link];
kinds(ketama, without, 2) -> [ring, names];
kinds(ketama, Function, 1) when Function =:= continuum; Function =:= previous; Function =:= stop; Function =:= reload ->
    [name];
kinds(ketama, Function, Arity) when Function =:= getserver; Function =:= hash ->
    lists:nthtail(2 - Arity, [ring, key]);
kinds(ketama, _Function, 1) ->
    [ring].

wrong(former_ring, undefined) -> none;
wrong(former_ring, Ring) -> wrong(ring, Ring);
wrong(ring, Ring) -> unless(is_ring(Ring), "neither a continuum nor a name");
wrong(name, Name) -> unless(is_atom(Name), "not a name, which is an atom");
wrong(key, Key) -> unless(ketama_lookup:are_iodata([Key]), "not a key, which is iodata");
wrong(keys, Keys) -> unless(ketama_lookup:are_iodata(Keys), "not a list of keys, which are iodata");
wrong(names, Names) -> unless(is_proper(Names), "not a list of names");
wrong(count, Count) -> unless(is_integer(Count) andalso Count >= 0, "not a number of servers");
wrong(server, _Server) -> "not the name of a server, or the name has no address";
wrong(reason, _Reason) -> "not a reason that a function of ketama returns";
wrong(source, Source) -> unless(is_source(Source), "neither the path of a servers file nor a list of servers");
wrong(ring_options, Options) -> ketama_options:wrong(ring, Options);
wrong(Scope, Options) -> ketama_options:wrong(Scope, Options).

unless(true, _Text) -> none;
unless(false, Text) -> Text.

is_ring(Ring) ->
    try ketama_nif:getserver(Ring, <<>>) of
        _ -> true
    catch
        error:badarg -> false;
        error:{not_started, Ring} -> true
    end.

is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

is_source(Source) ->
    ketama_source:is_path(Source) orelse
        (is_proper(Source) andalso not lists:any(fun is_integer/1, Source)).
