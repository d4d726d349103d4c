%% Functions that several suites use.
-module(ketama_test).

-behaviour(supervisor).

-export([init/1, log/2]).
-export([each/2, stop/1, until/1, notices/1]).
-export([data/1, data/2, lines/1, vectors/1, few_servers/0, distinct/1, grouped/2]).
-export([with_file/2, in_folder/1, quietly/1, logged/2, ebin/0, erl/1, erl/2, erl/3, resident/0]).

%% Returns the path of a file under test/data/libketama, or under another folder of test/data.
data(Name) ->
    data("libketama", Name).

data(Folder, Name) ->
    filename:join([filename:dirname(?FILE), "data", Folder, Name]).

lines(Path) ->
    {ok, Contents} = file:read_file(Path),
    binary:split(Contents, <<"\n">>, [global, trim]).

%% Returns the names of the vectors.
vectors(Folder) ->
    [filename:basename(Path, ".servers") || Path <- filelib:wildcard(data(Folder, "*.servers"))].

%% Groups keys by server, in order, as group/2 does.
grouped(Servers, Keys) ->
    lists:foldr(
        fun({Server, Key}, Groups) -> Groups#{Server => [Key | maps:get(Server, Groups, [])]} end,
        #{},
        lists:zip(Servers, Keys)
    ).

%% Makes a ring of a few random servers; some share a name and some have no point.
few_servers() ->
    Servers = [{[lists:nth(rand:uniform(6), "abcdef")], lists:nth(rand:uniform(4), [1, 10, 1000, 100000])} || _ <- lists:seq(1, rand:uniform(7))],
    {ok, Continuum} = ketama:new(Servers),
    Continuum.

%% Removes all but the first of equal terms.
distinct([]) -> [];
distinct([Term | Terms]) -> [Term | distinct([T || T <- Terms, T =/= Term])].

%% Calls Fun with the path of a servers file with these contents.
with_file(Contents, Fun) ->
    in_folder(fun(Folder) ->
        Path = filename:join(Folder, "ketama.servers"),
        ok = file:write_file(Path, Contents),
        Fun(Path)
    end).

%% Calls Fun with a new folder, which is removed afterwards.
in_folder(Fun) ->
    Unique = integer_to_list(erlang:unique_integer([positive])),
    Temp = os:getenv("TMPDIR", "/tmp"),
    Folder = filename:join(Temp, "ketama-" ++ os:getpid() ++ "-" ++ Unique),
    ok = filelib:ensure_dir(Folder ++ "/"),
    try
        Fun(Folder)
    after
        ok = file:del_dir_r(Folder)
    end.

%% Calls Fun and keeps what it logs off the console.
quietly(Fun) ->
    {ok, #{level := Level}} = logger:get_handler_config(default),
    ok = logger:set_handler_config(default, level, none),
    try
        Fun()
    after
        ok = logger:set_handler_config(default, level, Level)
    end.

%% Returns what Fun logs at a level or above, as {Level, Text}, and keeps it off the console.
logged(Level, Fun) ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{level => Level, config => self()}),
    try
        quietly(Fun),
        logged()
    after
        ok = logger:remove_handler(?MODULE)
    end.

logged() ->
    receive
        {?MODULE, Level, Text} -> [{Level, Text} | logged()]
    after 0 -> []
    end.

%% The handler that logged/2 adds.
log(#{level := Level, msg := {report, Report}}, #{config := Pid}) ->
    Pid ! {?MODULE, Level, lists:flatten(io_lib:format("~p", [Report]))};
log(#{level := Level, msg := {Format, Arguments}}, #{config := Pid}) ->
    Pid ! {?MODULE, Level, lists:flatten(io_lib:format(Format, Arguments))}.

%% Returns the folder of the modules. Not by code:which/1, which returns `cover_compiled' when coverage is counted.
ebin() ->
    filename:dirname(filename:absname(code:where_is_file("ketama.beam"))).

%% Runs Code in a new VM, with the modules of these folders, and returns what it prints.
erl(Code) ->
    erl([ebin()], Code).

erl(Folders, Code) ->
    erl(Folders, Code, "unlimited").

%% The same in a VM that is limited to this many kilobytes.
erl(Folders, Code, Kilobytes) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    Arguments = [
        "-c", "ulimit -v " ++ Kilobytes ++ "; exec \"$0\" \"$@\"", Erl,
        "+S", "1", "-noshell", "-eval", Code ++ ", halt().", "-pa"
        | Folders
    ],
    Options = [{args, Arguments}, exit_status, stderr_to_stdout, binary],
    collect(open_port({spawn_executable, "/bin/sh"}, Options), []).

collect(Port, Output) ->
    receive
        {Port, {data, Data}} -> collect(Port, [Output, Data]);
        {Port, {exit_status, 0}} -> unicode:characters_to_list(Output);
        {Port, {exit_status, Status}} -> error({Status, unicode:characters_to_list(Output)})
    end.

%% Returns this VM's resident memory, in bytes, as the operating system counts it.
resident() ->
    Kilobytes =
        case file:read_file("/proc/self/status") of
            {ok, Status} ->
                {match, [Resident]} = re:run(
                    Status, "VmRSS:\\s*([0-9]+) kB", [{capture, all_but_first, list}]
                ),
                Resident;
            {error, enoent} ->
                string:trim(os:cmd("ps -o rss= -p " ++ os:getpid()))
        end,
    1024 * list_to_integer(Kilobytes).

%% A supervisor with these children.
init(Specs) ->
    {ok, {#{}, Specs}}.

%% Stops a supervisor that is linked to the caller, or another process that obeys `shutdown'.
stop(Pid) ->
    unlink(Pid),
    Monitor = monitor(process, Pid),
    exit(Pid, shutdown),
    receive {'DOWN', Monitor, process, Pid, _} -> ok end.

%% Waits until the condition is true; only the test's own timeout ends the wait.
until(Condition) ->
    case Condition() of
        true ->
            ok;
        false ->
            timer:sleep(5),
            until(Condition)
    end.

%% Returns the notices that Fun logs.
notices(Fun) ->
    Level = maps:get(level, logger:get_primary_config()),
    ok = logger:set_primary_config(level, notice),
    try
        [Text || {notice, Text} <- logged(notice, Fun)]
    after
        ok = logger:set_primary_config(level, Level)
    end.

%% Makes a test of each function, titled by its suite and name, which Run calls. No name has a continuum before or after
%% it, and its log is not shown.
each(Tests, Run) ->
    [
        {timeout, 300,
            {lists:concat([element(2, erlang:fun_info(Test, module)), ":", Name]), fun() ->
                stop_names(),
                quietly(fun() -> Run(Test) end),
                stop_names()
            end}}
     || {Name, Test} <- Tests
    ].

stop_names() ->
    [ok = ketama:stop(Name) || Name <- ketama:names()].
